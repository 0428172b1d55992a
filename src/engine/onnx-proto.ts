import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { constantBytes, ONNX_DTYPES } from "./constant-bytes.ts";
import { type ConstantAttributes, isExternal, type TensorType } from "./graph.ts";
import type { OnnxAttributes } from "./op.ts";

/** LayerNormalization came with 17, reductions with axes as inputs with 18, Gelu with 20. */
const OPSET = 20n;
/** The file format that belongs to operator set 20. */
const IR_VERSION = 9n;

/** A model of one graph; `com.microsoft` holds ONNX Runtime's own fused operators. */
export function modelBytes(
  graph: Pick<GraphProto, "node" | "initializer" | "input" | "output">,
): Uint8Array<ArrayBuffer> {
  const opsets = [create(OperatorSetIdProtoSchema, { domain: "", version: OPSET })];
  opsets.push(create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }));
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: "maskwright",
      opsetImport: opsets,
      graph: create(GraphProtoSchema, { name: "maskwright", ...graph }),
    }),
  );
}

export function tensorProto(
  name: string,
  { shape, dtype }: TensorType,
  data: ConstantAttributes["data"],
): TensorProto {
  const proto = create(TensorProtoSchema, {
    name,
    dims: shape.map((dim) => BigInt(dim)),
    dataType: ONNX_DTYPES[dtype],
  });
  if (isExternal(data)) {
    proto.dataLocation = DataLocation.EXTERNAL;
    proto.externalData = (["location", "offset", "length"] as const).map((key) =>
      create(StringStringEntryProtoSchema, { key, value: String(data[key]) }),
    );
  } else proto.rawData = constantBytes(data, dtype);
  return proto;
}

export function nodeProto(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxAttributes,
): NodeProto {
  const [opType, domain = ""] = type.split(":").reverse();
  // A missing last output is left out, so that kernels see that nobody wants it.
  const used = outputs.findLastIndex((name) => name !== "") + 1;
  return create(NodeProtoSchema, {
    name: outputs.find((name) => name !== "") ?? "",
    opType,
    domain,
    input: [...inputs],
    output: outputs.slice(0, used),
    attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
  });
}

function attributeProto(name: string, value: OnnxAttributes[string]): AttributeProto {
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  if ("float" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, {
    name,
    type: AttributeType.INTS,
    ints: value.map((each) => BigInt(each)),
  });
}

export function valueInfo(name: string, { shape, dtype }: TensorType): ValueInfoProto {
  const dim = shape.map((length) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof length === "number"
          ? { case: "dimValue", value: BigInt(length) }
          : { case: "dimParam", value: length },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: ONNX_DTYPES[dtype],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}
