# awk -v want=FILE -f match.awk GOT: does GOT hold what FILE says, "..." standing for any lines?  Says where not, and fails.
BEGIN { while ((getline line < want) > 0) w[++n] = line }
{ g[++m] = $0; sub(/ +$/, "", g[m]) }
function match_from(i, j,   k) {            # wanted line i on, printed line j on
    while (i <= n && w[i] != "...") {
        if (j > worst) { worst = j; bad = i }
        if (j > m || w[i] != g[j]) return 0
        i++; j++
    }
    if (i > n) return j > m
    for (k = j; k <= m + 1; k++) if (match_from(i + 1, k)) return 1
    return 0
}
END { if (!match_from(1, 1)) { print "line " worst ": printed \"" g[worst] "\", page says \"" w[bad] "\""; exit 1 } }
