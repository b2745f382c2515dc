#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains the digit classifier of this folder: 64 -> 32 -> 10, ReLU between the layers.

    python3 -m venv /tmp/venv-digits
    /tmp/venv-digits/bin/pip install numpy==1.26.4 scikit-learn==1.5.2
    /tmp/venv-digits/bin/python data/digits/train.py

scikit-learn gives the data only: its bundled 8x8 digits, which are the test part of "Optical
Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak; UCI repository, CC BY 4.0). Training is
plain NumPy with a fixed seed and split. It computes in float64 and rounds each array to float32
once, at the end, so that the order in which a BLAS adds hardly reaches the files.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

SEED = 20240501
HIDDEN = 32
N_TEST = 500
EPOCHS = 60
BATCH = 32
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-4
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

Params = dict[str, np.ndarray]


def init_layer(rng: np.random.Generator, n_out: int, n_in: int) -> np.ndarray:
    """He initialization: a normal distribution with variance 2 / n_in."""
    return rng.normal(0.0, np.sqrt(2.0 / n_in), (n_out, n_in))


def init_params(rng: np.random.Generator, n_in: int, n_classes: int) -> Params:
    return {
        "fc1_weight": init_layer(rng, HIDDEN, n_in),
        "fc1_bias": np.zeros(HIDDEN),
        "fc2_weight": init_layer(rng, n_classes, HIDDEN),
        "fc2_bias": np.zeros(n_classes),
    }


def forward(p: Params, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.maximum(x @ p["fc1_weight"].T + p["fc1_bias"], 0.0)
    return hidden, hidden @ p["fc2_weight"].T + p["fc2_bias"]


def gradients(p: Params, x: np.ndarray, labels: np.ndarray) -> Params:
    """The gradients of the mean cross entropy, plus weight decay on the two matrices."""
    hidden, logits = forward(p, x)
    d_logits = np.exp(logits - logits.max(axis=1, keepdims=True))
    d_logits /= d_logits.sum(axis=1, keepdims=True)
    d_logits[np.arange(len(labels)), labels] -= 1.0
    d_logits /= len(labels)
    d_hidden = (d_logits @ p["fc2_weight"]) * (hidden > 0.0)
    return {
        "fc1_weight": d_hidden.T @ x + WEIGHT_DECAY * p["fc1_weight"],
        "fc1_bias": d_hidden.sum(axis=0),
        "fc2_weight": d_logits.T @ hidden + WEIGHT_DECAY * p["fc2_weight"],
        "fc2_bias": d_logits.sum(axis=0),
    }


class Adam:
    def __init__(self, params: Params) -> None:
        self.mean = {name: np.zeros_like(value) for name, value in params.items()}
        self.square = {name: np.zeros_like(value) for name, value in params.items()}
        self.steps = 0

    def step(self, params: Params, grads: Params) -> None:
        self.steps += 1
        for name, grad in grads.items():
            self.mean[name] = BETA1 * self.mean[name] + (1 - BETA1) * grad
            self.square[name] = BETA2 * self.square[name] + (1 - BETA2) * grad**2
            mean = self.mean[name] / (1 - BETA1**self.steps)
            square = self.square[name] / (1 - BETA2**self.steps)
            params[name] -= LEARNING_RATE * mean / (np.sqrt(square) + EPSILON)


def train(rng: np.random.Generator, images: np.ndarray, labels: np.ndarray) -> Params:
    params = init_params(rng, images.shape[1], int(labels.max()) + 1)
    adam = Adam(params)
    for _ in range(EPOCHS):
        order = rng.permutation(len(images))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            adam.step(params, gradients(params, images[batch], labels[batch]))
    return params


def main() -> None:
    folder = Path(__file__).resolve().parent
    rng = np.random.default_rng(SEED)
    digits = load_digits()
    images, labels = digits.data / 16.0, digits.target
    order = rng.permutation(len(images))
    test, rest = order[:N_TEST], order[N_TEST:]

    params = train(rng, images[rest], labels[rest])
    for name, value in params.items():
        np.save(folder / f"{name}.npy", value.astype("<f4"))
    np.save(folder / "test_images.npy", images[test].astype("<f4"))
    np.save(folder / "test_labels.npy", labels[test].astype(np.uint8))

    right = int((forward(params, images[test])[1].argmax(axis=1) == labels[test]).sum())
    print(f"{len(rest)} digits to train on, {right} of {N_TEST} test digits right")


if __name__ == "__main__":
    main()
