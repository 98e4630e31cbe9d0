"""Golden values for test/engine, made with PyTorch: python3 make_goldens.py (needs torch, numpy, safetensors).

svd.safetensors: a kernel [8, 6, 3, 5]; of its spatial-SVD matrix (m·h) x (n·w) the singular values, and for ranks 1, 4
and 18 the kernel rebuilt from that many, all in float64. conv.safetensors: an input, and the outputs of that kernel as a
strided, padded convolution, whole and at rank 4. lstsq.safetensors: a regression with intercept, solved by lstsq.
"""
import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
torch.manual_seed(0)
n, m, h, w = 8, 6, 3, 5
kernel = torch.randn(n, m, h, w, dtype=torch.float64)
matrix = kernel.permute(1, 2, 0, 3).reshape(m * h, n * w)
u, s, vt = torch.linalg.svd(matrix, full_matrices=False)


def rebuilt(rank):
    low = u[:, :rank] @ torch.diag(s[:rank]) @ vt[:rank]
    return low.reshape(m, h, n, w).permute(2, 0, 1, 3).contiguous()


save_file({"kernel": kernel.float(), "s": s, **{f"rank{k}": rebuilt(k) for k in (1, 4, 18)}}, here / "svd.safetensors")

x = torch.randn(2, m, 9, 11, dtype=torch.float64)
bias = torch.randn(n, dtype=torch.float64)
settings = dict(stride=(2, 1), padding=(1, 2))
conv = torch.nn.functional.conv2d
save_file(
    {
        "x": x.float(),
        "bias": bias.float(),
        "whole": conv(x, kernel, bias, **settings).float(),
        "rank4": conv(x, rebuilt(4), bias, **settings).float(),
    },
    here / "conv.safetensors",
)

rows, unknowns, outputs = 200, 12, 5
a = torch.randn(rows, unknowns, dtype=torch.float64)
y = a @ torch.randn(unknowns, outputs, dtype=torch.float64) + 3 + 0.1 * torch.randn(rows, outputs, dtype=torch.float64)
keep = [0, 2, 3, 7, 11]
design = torch.cat([a[:, keep], torch.ones(rows, 1, dtype=torch.float64)], 1)
solution = torch.linalg.lstsq(design, y).solution
save_file({"x": a, "y": y, "weights": solution[:-1].T.contiguous(), "bias": solution[-1].contiguous()}, here / "lstsq.safetensors")
