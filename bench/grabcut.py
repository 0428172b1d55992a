"""Masks of boxes by OpenCV's GrabCut: a baseline for bench/segment.ts.

Reads lines {"photo": path, "boxes": [[x0, y0, x1, y1], ...]} (pixels, half-open, whole numbers inside the picture) and
answers each with a line of COCO run lengths, one list a box. A box without a pixel around it has no background
to learn from, and one without a pixel in it no object: those are answered by the filled box.
"""

import json
import sys

import cv2
import numpy as np

ITERATIONS = 5


def segment(photo: np.ndarray, box: list[int]) -> np.ndarray:
    height, width = photo.shape[:2]
    x0, y0, x1, y1 = box
    mask = np.zeros((height, width), np.uint8)
    if x1 > x0 and y1 > y0 and (x1 - x0) * (y1 - y0) < height * width:
        cv2.setRNGSeed(0)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(photo, mask, (x0, y0, x1 - x0, y1 - y0), *models, ITERATIONS, cv2.GC_INIT_WITH_RECT)
        mask = np.isin(mask, [cv2.GC_FGD, cv2.GC_PR_FGD])
    if not mask.any():
        mask[y0:y1, x0:x1] = True
    return mask


def run_lengths(mask: np.ndarray) -> list[int]:
    pixels = np.concatenate([[0], mask.astype(np.int8).ravel(order="F")])
    edges = np.flatnonzero(np.diff(pixels))
    return np.diff(np.concatenate([[0], edges, [mask.size]])).tolist()


cv2.setNumThreads(1)
for line in sys.stdin:
    job = json.loads(line)
    photo = cv2.imread(job["photo"])
    print(json.dumps([run_lengths(segment(photo, box)) for box in job["boxes"]]), flush=True)
