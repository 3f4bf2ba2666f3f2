# The table of exact solutions, whose last column is the concentration, and then the data with a row for each of its rows: concentrations
# that were measured are replaced by exact ones times exp(0.15 z), z standard normal.
BEGIN { OFS = ","; seed(12) }
FNR == NR { exact[FNR] = $NF; who[FNR] = $1 "," $2; next }
FNR > 1 && who[FNR] != $1 "," $2 { print "row " FNR ": " who[FNR] " is not " $1 "," $2 >"/dev/stderr"; exit 1 }
FNR > 1 && $5 != "NA" { $5 = sprintf("%.3g", exact[FNR] * exp(0.15 * normal())) }
{ print }
