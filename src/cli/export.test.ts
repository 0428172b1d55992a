import { testHelp } from "../testing/command-help.ts";
import { exportCommand } from "./export.ts";

testHelp(exportCommand, "onnx");
