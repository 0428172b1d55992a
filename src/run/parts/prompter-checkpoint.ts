import type { PrompterConfig } from "../../models/prompter/config.ts";
import type { Supervision } from "./part-labels.ts";
import type { PrompterRecipe } from "./prompter-recipe.ts";

/** What a trained prompter's checkpoint says of itself: enough to find parts with it, and to make it again. */
export interface PrompterDescription {
  readonly kind: "prompter";
  /** Whose embeddings it reads. */
  readonly model: {
    readonly name: string;
    readonly sha256: string;
    readonly precision: "float32" | "float16" | "int8";
  };
  /** Index = class id. */
  readonly classes: readonly string[];
  /** COCO's category id of each class id. */
  readonly categoryIds: readonly number[];
  readonly network: PrompterConfig;
  readonly training: {
    readonly recipe: PrompterRecipe;
    readonly supervision: Supervision;
    /** Changed versions of each picture. */
    readonly versions: number;
    readonly seed: number;
    readonly pictures: number;
    /** Digest of the pictures, the model and what was taught of them. */
    readonly fingerprint: string;
  };
}
