"""Networks of PyTorch with odegrad's weights."""
import torch


def sequential(tensors, name, activation):
    """Linear layers with `activation` between: tensors[name.0.weight], tensors[name.0.bias], tensors[name.2.weight], ..."""
    places = sorted({int(key.split(".")[1]) for key in tensors if key.startswith(name + ".")})
    layers = []
    for place in places:
        weight = torch.from_numpy(tensors[f"{name}.{place}.weight"])
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(torch.from_numpy(tensors[f"{name}.{place}.bias"]))
        layers += [layer, activation()]
    return torch.nn.Sequential(*layers[:-1])


def versions():
    import torchdiffeq
    return f"torchdiffeq {torchdiffeq.__version__}, PyTorch {torch.__version__}"
