"""Golden values for test/engine/svd/pair-equations.test.ts, made with NumPy: python3 make_pairs.py (needs numpy, safetensors).

pair.safetensors: 300 samples x [300, R·T] of correlated numbers, ordered (row, tap), and y [300, N], which a layer of two
halves is to come near: y ≈ Σ_t second_tᵀ·first·x_t + b. With the halves `first` [K, R] and `second` [T·K, N] given,
`best_second` and `bias` are the least-squares solution for the second alone, `best_first` that for the first alone, all
from one lstsq over a design matrix written out.
"""
import pathlib

import numpy as np
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
random = np.random.default_rng(0)
samples, R, T, N, K = 300, 4, 3, 5, 2
x = random.normal(size=(samples, R * T)) @ random.normal(size=(R * T, R * T)) + 0.5
y = np.tanh(x @ random.normal(size=(R * T, N)) / 4) + 2
first, second = random.normal(size=(K, R)), random.normal(size=(T * K, N))
taps = x.reshape(samples, R, T)

# The second half: what the first makes of each tap, beside a one for the bias.
between = np.einsum("kr,srt->stk", first, taps).reshape(samples, T * K)
solution, *_ = np.linalg.lstsq(np.hstack([between, np.ones((samples, 1))]), y, rcond=None)

# The first half: each of its K·R numbers moves all outputs; so does each of the N biases.
moves = np.einsum("tkn,srt->snkr", second.reshape(T, K, N), taps).reshape(samples * N, K * R)
design = np.hstack([moves, np.tile(np.eye(N), (samples, 1))])
best_first, *_ = np.linalg.lstsq(design, y.reshape(-1), rcond=None)

save_file(
    {
        "x": x,
        "y": y,
        "first": first,
        "second": second,
        "best_second": solution[:-1].copy(),
        "bias": solution[-1].copy(),
        "best_first": best_first[: K * R].reshape(K, R).copy(),
    },
    here / "pair.safetensors",
)
