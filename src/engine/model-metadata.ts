import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema } from "onnx-buf";

/**
 * The model with a note for whoever opens it: `metadata_props`, which Python's onnxruntime gives as `get_modelmeta().custom_metadata_map`.
 *
 * The entries are put behind the model: readers merge the two, and the weights are copied once.
 */
export function addModelMetadata(
  model: Uint8Array,
  entries: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const metadataProps = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  const note = toBinary(ModelProtoSchema, create(ModelProtoSchema, { metadataProps }));
  const bytes = new Uint8Array(model.length + note.length);
  bytes.set(model);
  bytes.set(note, model.length);
  return bytes;
}
