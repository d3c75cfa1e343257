# Writes lpconnector.3 from lpconnector.h: its overview, then each section with its declarations and their
# comments.
#   awk -v version=1.2.3 -f manpage.awk lpconnector.h

function text(line,    reference) {
    # Of a reference to a section, @ref client "client", its text.
    while (match(line, /@ref [a-z]+ "[^"]*"/)) {
        reference = substr(line, RSTART, RLENGTH - 1)
        sub(/^[^"]*"/, "", reference)
        line = substr(line, 1, RSTART - 1) reference substr(line, RSTART + RLENGTH)
    }
    gsub(/\\/, "\\e", line)
    if (line ~ /^[.']/) line = "\\&" line
    return line
}

# A comment's lines as paragraphs and lists.
function prose(lines, from, count,    i, line) {
    for (i = from; i <= count; i++) {
        line = lines[i]
        if (line == "") print ".PP"
        else if (line ~ /^@[{}]$/) continue
        else if (sub(/^- /, "", line)) { print ".IP \\(bu 2"; print text(line) }
        else { sub(/^ +/, "", line); print text(line) }
    }
}

BEGIN {
    print ".TH LPCONNECTOR 3 \"\" \"lpconnector " version "\""
    print ".SH NAME\nlpconnector \\- LivePerson's Connector API for C"
    print ".SH SYNOPSIS\n.nf\n.B #include <lpconnector.h>\n.PP"
    print ".B cc program.c $(pkg-config --cflags --libs lpconnector)\n.fi"
}

/^\/\*/ { comment = 1; documented = ($0 ~ /^\/\*\*/); count = 0; sub(/^\/\*[*!]* ?/, ""); if ($0 == "") next }
comment {
    closes = sub(/ ?\*\/$/, "")
    sub(/^ \* ?/, "")
    if (!(closes && $0 == "")) lines[++count] = $0
    if (!closes) next
    comment = 0
    if (lines[1] !~ /^@/) next
    documented = 0
    if (lines[1] ~ /^@mainpage/) { print ".SH DESCRIPTION"; prose(lines, 2, count) }
    else if (sub(/^@defgroup [a-z]+ /, "", lines[1])) { print ".SH " toupper(lines[1]); prose(lines, 2, count) }
    else if (sub(/^@name /, "", lines[1])) print ".SS " lines[1]
    next
}
/^$/ || /^#(if|end|include|define LPCONNECTOR_H)/ || /^(extern "C" \{|\}|struct [a-z_]+;)/ { next }
{
    # A declaration may be longer than a line; a macro is not.
    if (!declaring++) print ".PP\n.nf"
    print ".B \"" text($0) "\""
    if ($0 ~ /;$/ || $0 ~ /^#define/) {
        declaring = 0
        print ".fi\n.RS 4"
        if (documented) prose(lines, 1, count)
        print ".RE"
        documented = 0
    }
}
