#!/bin/sh
# Runs every fuzz target of the project, one after the other, each for
# FUZZTIME (60s). Stops at the first finding: Go then keeps the input that
# failed below testdata/fuzz of the package, and "go test" replays it.
# Minimizing is kept short: by default Go spends the minute on that.
set -eu

# "go test -list" prints the targets of a package, then "ok" and its path.
listing=$(go test -list '^Fuzz' ./...)
targets=$(printf '%s\n' "$listing" | awk '
	/^Fuzz/      { names[n++] = $1 }
	$1 == "ok"   { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }')
[ -n "$targets" ] || { echo "There are no fuzz targets." >&2; exit 1; }

printf '%s\n' "$targets" | while read -r package target; do
	echo "$package $target"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-60s}" \
		-fuzzminimizetime 10x "$package" </dev/null
done
