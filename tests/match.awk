# awk -v want=FILE -f match.awk GOT: does GOT hold what FILE says, "..." standing for any lines?  Says where not, and fails.
BEGIN { while ((getline line < want) > 0) w[++n] = line }
{ g[++m] = $0; sub(/ +$/, "", g[m]) }
# Wanted lines i on, up to the next "..." or the end, at printed line j: the line after them, or 0.
function block(i, j) {
    for (; i <= n && w[i] != "..."; i++) {
        if (j > worst) { worst = j; bad = i }
        if (j > m || w[i] != g[j++]) return 0
    }
    return i <= n || j > m ? j : 0
}
# The first place at which a block fits leaves most room for the next.
END {
    i = j = 1
    at = block(i, j)
    while (at) {
        while (i <= n && w[i] != "...") i++
        if (i++ > n) exit 0
        for (j = at; j <= m + 1 && !(at = block(i, j)); j++);
    }
    print "line " worst ": printed \"" g[worst] "\", page says \"" w[bad] "\""
    exit 1
}
