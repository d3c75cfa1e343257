# Writes lpconnector.3 from lpconnector.h: its introduction, then each declaration and its comment.
#   awk -v version=1.2.3 -f manpage.awk lpconnector.h

function text(line) {
    gsub(/\\/, "\\e", line)
    if (line ~ /^[.']/) line = "\\&" line
    return line
}

# A comment's lines as paragraphs and lists.
function prose(lines, count,    i, line) {
    for (i = 1; i <= count; i++) {
        line = lines[i]
        if (line == "") print ".PP"
        else if (sub(/^- /, "", line)) { print ".IP \\(bu 2"; print text(line) }
        else { sub(/^ +/, "", line); print text(line) }
    }
}

BEGIN {
    print ".TH LPCONNECTOR 3 \"\" \"lpconnector " version "\""
    print ".SH NAME\nlpconnector \\- LivePerson's Connector API for C"
    print ".SH SYNOPSIS\n.nf\n.B #include <lpconnector.h>\n.PP"
    print ".B cc program.c $(pkg-config --cflags --libs lpconnector)\n.fi"
    print ".SH DESCRIPTION"
}

/^\/\*/ { comment = 1; documented = ($0 ~ /^\/\*\*/); count = 0; sub(/^\/\*+ ?/, ""); if ($0 == "") next }
comment {
    closes = sub(/ ?\*\/$/, "")
    sub(/^ \* ?/, "")
    if (!(closes && $0 == "")) lines[++count] = $0
    if (closes) {
        comment = 0
        if (!documented && !described++) {
            # Without the title and the note that it is generated.
            for (i = 1; lines[i] !~ /^Rules/; i++) {}
            for (j = i; j <= count; j++) rest[j - i + 1] = lines[j]
            prose(rest, count - i + 1)
            print ".SH DECLARATIONS"
        }
    }
    next
}
/^$/ || /^#(if|end|include|define LPCONNECTOR_H)/ || /^(extern "C" \{|\})/ { next }
{
    # A declaration may be longer than a line; a macro is not.
    if (!declaring++) print ".PP\n.nf"
    print ".B \"" text($0) "\""
    if ($0 ~ /;$/ || $0 ~ /^#define/) {
        declaring = 0
        print ".fi\n.RS 4"
        if (documented) prose(lines, count)
        print ".RE"
        documented = 0
    }
}
