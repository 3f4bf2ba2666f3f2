"""Writes digits.csv from the copy of the data that scikit-learn ships: python3 export.py >digits.csv. Needed once, and done."""
import sklearn.datasets

digits = sklearn.datasets.load_digits()
print("id,t," + ",".join(f"u[{i}]" for i in range(1, 65)) + ",digit")
for i, (pixels, digit) in enumerate(zip(digits.data, digits.target), 1):
    print(f"{i},1," + ",".join(str(int(pixel)) for pixel in pixels) + f",{digit + 1}")
