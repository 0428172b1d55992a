import { describe, expect, it } from "vitest";
import { encodeRle, rleArea, rleBox } from "../core/rle.ts";
import { mask } from "../testing/picture.ts";
import { decodeCoco } from "./coco.ts";
import { encodeInstances, type ImageInstance, type ImageInstances } from "./coco-instances.ts";

function cat(drawing: string, score: number | null): ImageInstance {
  const rle = encodeRle(mask(drawing));
  return { rle, area: rleArea(rle), box: rleBox(rle), categoryId: 17, score };
}

const categories = [{ id: 17, name: "cat" }];

function encode(...pictures: ImageInstances[]): string {
  return [...encodeInstances(pictures, categories)].join("");
}

describe("encodeInstances", () => {
  it("counts annotations through all images and keeps masks without a pixel", () => {
    const text = encode(
      {
        file: "a.jpg",
        height: 2,
        width: 3,
        objects: [cat(".## ...", 0.5), cat("... ...", null)],
      },
      { file: "b.jpg", height: 1, width: 1, objects: [] },
      { file: "c.jpg", height: 1, width: 2, objects: [cat("##", 1)] },
    );
    expect(text).toBe(`{"annotations":[
{"area":2,"bbox":[1,0,2,1],"category_id":17,"id":1,"image_id":1,"iscrowd":0,"score":0.5,"segmentation":{"counts":"21100","size":[2,3]}},
{"area":0,"bbox":[0,0,0,0],"category_id":17,"id":2,"image_id":1,"iscrowd":0,"segmentation":{"counts":"6","size":[2,3]}},
{"area":2,"bbox":[0,0,2,1],"category_id":17,"id":3,"image_id":3,"iscrowd":0,"score":1,"segmentation":{"counts":"02","size":[1,2]}}
],"categories":[{"id":17,"name":"cat"}],"images":[
{"file_name":"a.jpg","height":2,"id":1,"width":3},
{"file_name":"b.jpg","height":1,"id":2,"width":1},
{"file_name":"c.jpg","height":1,"id":3,"width":2}
]}
`);
    const { images } = decodeCoco(JSON.parse(text), "instances.json");
    expect(images.map(({ instances }) => instances.length)).toEqual([2, 0, 1]);
  });

  it("takes COCO's numbers of images where they are known", () => {
    const text = encode({ file: "a.jpg", imageId: 9, height: 1, width: 1, objects: [] });
    expect(JSON.parse(text).images).toEqual([{ file_name: "a.jpg", height: 1, id: 9, width: 1 }]);
  });

  it("is a COCO file without images, too", () => {
    expect(JSON.parse(encode())).toEqual({ annotations: [], categories, images: [] });
  });
});
