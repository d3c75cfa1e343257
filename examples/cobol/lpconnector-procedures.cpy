*> What calls of lpconnector need in the procedure division, at its end; lpconnector.cpy is the data.

*> The string at lpc-pointer into lpc-text; more than 65536 bytes are cut off.
lpc-copy-text section.
    set address of lpc-lent to lpc-pointer
    move spaces to lpc-text
    string lpc-lent delimited by x"00" into lpc-text.

*> Writes to the standard error why the last call failed, and frees the error.
lpc-display-error section.
    call "lpc_status_name" using by value lpc-rc returning lpc-pointer
    perform lpc-copy-text
    display trim(lpc-text) ": " upon syserr with no advancing
    call "lpc_error_message" using by value lpc-err returning lpc-pointer
    perform lpc-copy-text
    display trim(lpc-text) upon syserr
    call "lpc_error_free" using by value lpc-err returning omitted.
