"""Networks of the zoo that no package has: two U-Nets, a detector, a 1-D convolution net. `width` scales all channels."""
import torch
from torch import nn
from torch.nn import functional as F


def conv(cin, cout, kernel=3, stride=1, dilation=1, dims=2):
    """Convolution, BatchNorm, ReLU; "same" padding."""
    layer, norm = (nn.Conv2d, nn.BatchNorm2d) if dims == 2 else (nn.Conv1d, nn.BatchNorm1d)
    padding = dilation * (kernel - 1) // 2
    return nn.Sequential(layer(cin, cout, kernel, stride, padding, dilation, bias=False), norm(cout), nn.ReLU())


class UNet(nn.Module):
    """Four levels with concatenated skips; goes up by ConvTranspose or, with `resize`, by Resize and a convolution."""

    def __init__(self, width, classes, resize):
        super().__init__()
        widths = [width * factor for factor in (1, 2, 4, 8)]
        self.down = nn.ModuleList(
            nn.Sequential(conv(cin, cout), conv(cout, cout)) for cin, cout in zip([3, *widths], widths)
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.resize = resize
        self.up = nn.ModuleList(conv(a, b) if resize else nn.ConvTranspose2d(a, b, 2, 2) for a, b in pairs)
        self.join = nn.ModuleList(nn.Sequential(conv(2 * b, b), conv(b, b)) for _, b in pairs)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        skips = []
        for level, stage in enumerate(self.down):
            x = stage(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1]):
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False) if self.resize else x
            x = join(torch.cat([skip, up(x)], 1))
        return self.head(x)


class Split(nn.Module):
    """Cross-stage partial block (YOLO's C2f): half of the channels goes through a residual bottleneck, all are joined."""

    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.enter, self.leave = conv(channels, channels, 1), conv(channels + half, channels, 1)
        self.inner = nn.Sequential(conv(half, half), conv(half, half))

    def forward(self, x):
        a, b = self.enter(x).chunk(2, 1)
        return self.leave(torch.cat([a, b, b + self.inner(b)], 1))


class Detector(nn.Module):
    """YOLO-like: a backbone of three scales, pooled pyramid (SPPF), top-down path, one output a scale."""

    def __init__(self, width, classes):
        super().__init__()
        w1, w2, w3, w4 = (width * factor for factor in (1, 2, 4, 8))
        self.stem = nn.Sequential(conv(3, w1, 3, 2), conv(w1, w2, 3, 2), Split(w2))
        self.p3 = nn.Sequential(conv(w2, w3, 3, 2), Split(w3))
        self.p4 = nn.Sequential(conv(w3, w4, 3, 2), Split(w4))
        self.p5 = nn.Sequential(conv(w4, w4, 3, 2), Split(w4))
        self.pooled = conv(3 * w4, w4, 1)
        self.mix4, self.mix3 = conv(2 * w4, w3, 1), conv(2 * w3, w3, 1)
        self.heads = nn.ModuleList(
            nn.Sequential(conv(w, w3), nn.Conv2d(w3, 4 + classes, 1)) for w in (w3, w3, w4)
        )

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        p4 = self.p4(p3)
        p5 = self.p5(p4)
        once = F.max_pool2d(p5, 5, 1, 2)
        p5 = self.pooled(torch.cat([p5, once, F.max_pool2d(once, 5, 1, 2)], 1))
        p4 = self.mix4(torch.cat([p4, F.interpolate(p5, scale_factor=2.0)], 1))
        p3 = self.mix3(torch.cat([p3, F.interpolate(p4, scale_factor=2.0)], 1))
        return tuple(head(level) for head, level in zip(self.heads, (p3, p4, p5)))


class Residual1d(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.body = nn.Sequential(conv(channels, channels, 5, 1, dilation, 1), conv(channels, channels, 3, dims=1))

    def forward(self, x):
        return x + self.body(x)


class Conv1dNet(nn.Module):
    """Keyword-spotting shape: strided and dilated 1-D convolutions with residuals over [N, 20, T]."""

    def __init__(self, width, classes):
        super().__init__()
        self.body = nn.Sequential(
            conv(20, width, 9, 2, dims=1),
            *(Residual1d(width, dilation) for dilation in (1, 2, 4)),
            conv(width, 2 * width, 5, 2, dims=1),
            Residual1d(2 * width, 1),
        )
        self.head = nn.Linear(2 * width, classes)

    def forward(self, x):
        return self.head(self.body(x).mean(2))
