#!/bin/bash
# Files that the tool writes, read by Python's safetensors library; and a state dict of PyTorch's read by the tool. Skipped (77) where
# python3 has no safetensors and numpy. PYTHON names another interpreter.
#   safetensors.sh ODEGRAD
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
python=${PYTHON:-python3}
"$python" -c 'import safetensors.numpy' 2>/dev/null || { echo "skipped: $python has no safetensors and numpy (pip install safetensors numpy)"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/agreement.py" "$work"
cd "$work"
"$python" agreement.py prepare
"$tool" fit model.ode --data data.csv --set 'k=2*3' --params start.json --iterations 0 --quiet --out trained.safetensors >report
"$tool" fit model.ode --data data.csv --set 'k=2*3' --params start.json --iterations 0 --quiet --out trained.json >report
"$python" agreement.py compare
"$tool" predict trained.safetensors --data data.csv --quiet >ours.csv
"$tool" predict trained.safetensors --params again.safetensors --data data.csv --quiet >theirs.csv
cmp ours.csv theirs.csv
"$tool" predict kept.safetensors --data data.csv --quiet >theirs.csv
cmp ours.csv theirs.csv
"$tool" predict meant.safetensors --data data.csv --quiet >other.csv
cmp -s ours.csv other.csv && { echo "changed parameters predict the same"; exit 1; }
"$tool" predict changed.safetensors --data data.csv 2>message && { echo "a changed file was taken"; exit 1; }
grep -q 'changed.safetensors is damaged, or was changed after it was written' message
echo "Python's library reads what odegrad writes, and odegrad what Python's library writes"
