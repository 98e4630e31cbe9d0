"""Seeded weights that behave like trained ones: scaled for activations of unit variance, of decaying rank, BatchNorm calibrated."""
import math

import torch
from torch import nn

conv_like = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
norms = (nn.BatchNorm1d, nn.BatchNorm2d)


def decaying(rows, columns, generator):
    """A [rows, columns] matrix of unit variance: a product of thin factors plus a third of noise, so that ranks differ in worth."""
    rank = max(1, min(rows, columns) // 4)
    thin = torch.randn(rows, rank, generator=generator) @ torch.randn(rank, columns, generator=generator)
    noise = torch.randn(rows, columns, generator=generator)
    return math.sqrt(8 / 9) / math.sqrt(rank) * thin + noise / 3


def seed_weights(model, seed):
    """Sets all weights from `seed`: He's variance for kernels, BatchNorm scales in 0.5..1.5."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, conv_like):
                weight = module.weight
                fan_in = weight.shape[0] * 4 if isinstance(module, nn.ConvTranspose2d) else weight[0].numel()
                matrix = decaying(weight.shape[0], weight[0].numel(), generator)
                weight.copy_(matrix.view_as(weight) * math.sqrt(2 / fan_in))
                if module.bias is not None:
                    module.bias.copy_(0.1 * torch.randn(module.bias.shape, generator=generator))
            elif isinstance(module, norms):
                module.weight.copy_(0.5 + torch.rand(module.weight.shape, generator=generator))
                module.bias.copy_(0.2 * torch.randn(module.bias.shape, generator=generator))


def calibrate(model, shape, seed, batches=2, batch=8):
    """Sets the BatchNorm statistics to those of a few seeded batches [batch, *shape]; leaves the model in eval mode."""
    generator = torch.Generator().manual_seed(seed)
    layers = [module for module in model.modules() if isinstance(module, norms)]
    model.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    with torch.no_grad():
        for _ in range(batches if layers else 0):
            model(torch.randn(batch, *shape, generator=generator))
    return model.eval()
