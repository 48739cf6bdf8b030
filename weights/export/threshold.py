"""Finds the probability from which a pixel should count as vertebral body, on training slices.

DSC is not accuracy: it is largest where pixels count from a probability of DSC / 2 on, not from 0.5 (Lipton et al.
2014, arXiv:1402.1892). The threshold is looked for on every sixth training slice; validation slices are not touched.
Give the result to export.py --threshold.
"""

import argparse

import numpy as np
import torch

from dataset import load_slices, preprocess
from weights_file import read_weights

THRESHOLDS = [0.35, 0.4, 0.425, 0.45, 0.475, 0.5, 0.55]


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", required=True, help="a two-class file of export.py, exported with threshold 0.5")
    parser.add_argument("--data", required=True, help="folder with lumbar-mri/")
    arguments = parser.parse_args()
    network, _ = read_weights(arguments.weights)
    network.to(memory_format=torch.channels_last)
    counts = np.zeros((len(THRESHOLDS), 3))  # predicted, true, both
    for item in load_slices(arguments.data, "train")[::6]:
        height, width = item.grey.shape
        logits = network(preprocess(item.grey, network).contiguous(memory_format=torch.channels_last))[0, :, :height, :width]
        probability = logits.softmax(dim=0)[1].numpy()
        truth = item.mask == 1
        for row, threshold in zip(counts, THRESHOLDS, strict=True):
            predicted = probability > threshold
            row += predicted.sum(), truth.sum(), (predicted & truth).sum()
    for threshold, (predicted, true, both) in zip(THRESHOLDS, counts, strict=True):
        print(f"{threshold:.3f}  DSC {2 * both / (predicted + true):.5f}")


if __name__ == "__main__":
    main()
