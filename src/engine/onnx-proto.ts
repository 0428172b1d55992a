import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
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

/** A tensor with its numbers apart, so that large ones are copied once. */
export interface Initializer {
  readonly proto: TensorProto;
  readonly data: Uint8Array;
}

/** What a model is made of, in order. */
export interface GraphParts {
  readonly nodes: NodeProto[];
  readonly initializers: readonly Initializer[];
  readonly inputs: ValueInfoProto[];
  readonly outputs: ValueInfoProto[];
}

/** A model of one graph; `com.microsoft` holds ONNX Runtime's own fused operators. */
export function modelBytes({ nodes, initializers, inputs, outputs }: GraphParts): Uint8Array<ArrayBuffer> {
  const opsets = [create(OperatorSetIdProtoSchema, { domain: "", version: OPSET })];
  opsets.push(create(OperatorSetIdProtoSchema, { domain: "com.microsoft", version: 1n }));
  const graph = create(GraphProtoSchema, { name: "maskwright", node: nodes, input: inputs, output: outputs });
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "maskwright",
    opsetImport: opsets,
    graph,
  });
  return join([toBinary(ModelProtoSchema, model), ...initializerBytes(initializers)]);
}

/**
 * The initializers as a second `graph` field of the model. Readers merge a message that comes twice, and unlike an
 * encoder, which copies a nested message at every level, this touches the weights once.
 */
function initializerBytes(initializers: readonly Initializer[]): Uint8Array[] {
  const parts = initializers.flatMap(({ proto, data }) => {
    const fields = toBinary(TensorProtoSchema, proto);
    const raw =
      data.length === 0 ? new Uint8Array() : prefix(TensorProtoSchema.field.rawData.number, data.length);
    const length = fields.length + raw.length + data.length;
    return [prefix(GraphProtoSchema.field.initializer.number, length), fields, raw, data];
  });
  return [prefix(ModelProtoSchema.field.graph.number, totalLength(parts)), ...parts];
}

/** Tag and length that come before `length` bytes of a field. */
function prefix(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

function totalLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(totalLength(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The tensor of a constant: its numbers, or where in a file they are. */
export function initializer(
  name: string,
  { shape, dtype }: TensorType,
  data: ConstantAttributes["data"],
): Initializer {
  const proto = create(TensorProtoSchema, {
    name,
    dims: shape.map((dim) => BigInt(dim)),
    dataType: ONNX_DTYPES[dtype],
  });
  if (!isExternal(data)) return { proto, data: constantBytes(data, dtype) };
  proto.dataLocation = DataLocation.EXTERNAL;
  proto.externalData = (["location", "offset", "length"] as const).map((key) =>
    create(StringStringEntryProtoSchema, { key, value: String(data[key]) }),
  );
  return { proto, data: new Uint8Array() };
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
