# Writes the manual page of a program from its --help, and from that of its commands, each behind a line with a form feed
# and its name.
#   { lpc --help; printf '\fcheck\n'; lpc check --help; } |
#     awk -v program=lpc -v version=1.2.3 -v date=2026-01-31 -v see='Where else to look.' -f helppage.awk

function text(line) {
    gsub(/\\/, "\\e", line)
    gsub(/-/, "\\-", line)
    if (line ~ /^[.']/) line = "\\&" line
    return line
}

# A section of the page, in the part of a command one of that, once something stands in it.
function in_section() {
    if (title) print (part ? ".SS " text(title) : ".SH " toupper(title))
    title = ""
}

NR == 1 {
    print ".TH " text(toupper(program)) " 1 \"" date "\" \"lpconnector " version "\""
    name = $0
    sub(/\.$/, "", name)
    print ".SH NAME\n" text(program) " \\- " tolower(substr(name, 1, 1)) text(substr(name, 2))
    next
}
/^\f/ {
    part = substr($0, 2)
    usage = synopsis = example = skipped = ""
    delete described
    paragraphs = 0
    print ".SH " text(toupper(program " " part))
    next
}
index($0, "Usage: " program " ") == 1 { usage = substr($0, length("Usage: " program " ") + 1); next }
usage && !synopsis && index($0, "       " program " ") == 1 {
    usage = usage "\n.br\n.B " program "\n" substr($0, length("       " program " ") + 1)
    next
}
# The description comes before the usage, and a manual page has them the other way round.
!usage { if ($0 != "") described[++paragraphs] = $0; next }
!synopsis {
    synopsis = "written"
    if (!part) print ".SH SYNOPSIS"
    print ".B " text(program) "\n" text(usage)
    print (part ? ".PP" : ".SH DESCRIPTION")
    for (i = 1; i <= paragraphs; i++) print (i > 1 ? ".PP\n" : "") text(described[i])
}
/^[A-Z][a-z ]+:$/ { sub(/:$/, ""); title = $0; example = ($0 == "Example"); skipped = ""; next }
/^ *$/ { next }
example { in_section(); sub(/^ +/, ""); print ".nf\n" text($0) "\n.fi"; next }
# A command or a code, with what it means in the same line.
/^  [a-z0-9-]+  / && !/^  -/ {
    in_section()
    name = $1
    sub(/^ +[a-z0-9-]+ +/, "")
    print ".TP\n.B " text(name) "\n" text($0)
    next
}
/^  (    )?[-\[<]/ { sub(/^ +/, ""); option = $0; skipped = ""; next }
{ sub(/^ +/, "") }
option {
    # What all commands take, and means the same for all, stands above.
    skipped = part && ((option, $0) in known)
    if (!part) known[option, $0]
    if (!skipped) { in_section(); print ".TP\n.B " text(option) }
    option = ""
}
!skipped { in_section(); print text($0) }
END { print ".SH SEE ALSO\n" text(see) }
