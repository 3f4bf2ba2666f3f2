# Each image, and four that are shifted half a pixel left, right, up and down: the mean of the image and the one beside it. Made of
# the training images alone.
BEGIN { FS = OFS = "," }
FNR == 1 { print; next }
{ for (s = 0; s < 5; s++) write(s) }

# The pixel of row r and column c, 1 to 8; 0 outside.
function pixel(r, c) { return r < 1 || r > 8 || c < 1 || c > 8 ? 0 : $(2 + 8 * (r - 1) + c) }

function write(s, r, c, line) {
  line = $1 "." s OFS $2
  for (r = 1; r <= 8; r++)
    for (c = 1; c <= 8; c++)
      line = line OFS (pixel(r, c) + pixel(r + (s == 3) - (s == 4), c + (s == 1) - (s == 2))) / 2
  print line OFS $NF
}
