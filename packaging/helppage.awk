# Writes lpc-sandbox.1 from `lpc-sandbox --help`.
#   lpc-sandbox --help | awk -v version=1.2.3 -v date=2026-01-31 -f helppage.awk

function text(line) {
    gsub(/\\/, "\\e", line)
    gsub(/-/, "\\-", line)
    if (line ~ /^[.']/) line = "\\&" line
    return line
}

NR == 1 {
    print ".TH LPC\\-SANDBOX 1 \"" date "\" \"lpconnector " version "\""
    name = $0
    sub(/\.$/, "", name)
    print ".SH NAME\nlpc\\-sandbox \\- " tolower(substr(name, 1, 1)) text(substr(name, 2))
    next
}
/^Usage: / { sub(/^Usage: lpc-sandbox /, ""); usage = $0; next }
usage && !synopsis && /^ +lpc-sandbox / { sub(/^ +lpc-sandbox /, ""); usage = usage "\n.br\n.B lpc-sandbox\n" $0; next }
# The description comes before the usage, and a manual page has them the other way round.
!usage { if ($0 != "") described[++paragraphs] = $0; next }
!synopsis++ {
    print ".SH SYNOPSIS\n.B lpc\\-sandbox\n" text(usage) "\n.SH DESCRIPTION"
    for (i = 1; i <= paragraphs; i++) print (i > 1 ? ".PP\n" : "") text(described[i])
}
/^[A-Z][a-z]+:$/ { sub(/:$/, ""); print ".SH " toupper($0); example = ($0 == "Example"); next }
/^ *$/ { next }
example { sub(/^ +/, ""); print ".nf\n" text($0) "\n.fi"; next }
# A command, with what it does in the same line.
/^  [a-z]+  / { name = $1; sub(/^ +[a-z]+ +/, ""); print ".TP\n.B " text(name) "\n" text($0); next }
/^  (    )?[-\[]/ { sub(/^ +/, ""); print ".TP\n.B " text($0); next }
{ sub(/^ +/, ""); print text($0) }
END { print ".SH SEE ALSO\n\\(oqlpc\\-sandbox record \\-\\-help\\(cq and \\(oqreplay \\-\\-help\\(cq; its control API, its agents and its faults: the README that is installed with it." }
