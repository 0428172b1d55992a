"""The peer of bench/evaluate.ts: mIoU of label maps by Pillow and numpy, one process, as scoring scripts do it.

python3 evaluate_numpy.py PRED TRUTH IDS [PROCESSES]
"""

import sys
from multiprocessing import Pool

import numpy as np
from PIL import Image

CLASSES = 21


def confusion(paths):
    pred, truth = (np.asarray(Image.open(path)) for path in paths)
    scored = truth != 255
    pairs = CLASSES * truth[scored].astype(np.int64) + pred[scored]
    return np.bincount(pairs, minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES)


def main():
    pred, truth, ids = sys.argv[1:4]
    processes = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    with open(ids) as lines:
        paths = [(f"{pred}/{line.strip()}.png", f"{truth}/{line.strip()}.png") for line in lines]
    if processes == 1:
        total = sum(map(confusion, paths))
    else:
        with Pool(processes) as pool:
            total = sum(pool.imap_unordered(confusion, paths, chunksize=16))
    correct = np.diag(total)
    iou = correct / (total.sum(0) + total.sum(1) - correct)
    print(f"{100 * iou.mean():.2f}")


main()
