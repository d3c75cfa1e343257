*> What calls of lpconnector need in working-storage. lpconnector.h describes the numbers, and every
*> function. How their types are passed:
*>
*>   a handle        usage pointer: by value to what uses it, by reference to what gives it
*>   int32_t         binary-long, by value
*>   int64_t, size_t binary-double; by value it needs "size 8", or cobc passes 32 bits
*>   const char *    text that ends with x"00", by reference or by content; NULL is "omitted"
*>
*> Of what comes back cobc takes 32 bits, unless it is a pointer: so a call that gives a string, an
*> int64_t or a size_t is "returning lpc-pointer", and a number is then in lpc-number. Of a bool only
*> the lowest byte means anything: "mod(lpc-number 256)" is 0 or 1.
01  lpc-rc           binary-long.
01  lpc-err          usage pointer value null.
01  lpc-pointer      usage pointer value null.
01  lpc-number       redefines lpc-pointer binary-double.
*> Our copy of a string: what the library lends ends with its handle.
01  lpc-text         pic x(65536).
01  lpc-lent         pic x(65536) based.

78  lpc-abi-version                    value 0.
78  lpc-ok                             value 0.
78  lpc-invalid-argument               value 1.
78  lpc-config                         value 2.
78  lpc-connect                        value 3.
78  lpc-tls                            value 4.
78  lpc-timeout                        value 5.
78  lpc-unauthorized                   value 6.
78  lpc-rejected                       value 7.
78  lpc-rate-limited                   value 8.
78  lpc-server                         value 9.
78  lpc-protocol                       value 10.
78  lpc-closed                         value 11.
78  lpc-io                             value 12.
78  lpc-signature                      value 13.
78  lpc-empty                          value 14.
78  lpc-already-open                   value 15.
78  lpc-full                           value 16.
78  lpc-internal                       value 99.
78  lpc-event-kind-other               value 0.
78  lpc-event-kind-text                value 1.
78  lpc-event-kind-file                value 2.
78  lpc-event-kind-rich-content        value 3.
78  lpc-event-kind-chat-state          value 4.
78  lpc-event-kind-accept-status       value 5.
78  lpc-event-kind-conversation        value 6.
78  lpc-chat-state-active              value 0.
78  lpc-chat-state-inactive            value 1.
78  lpc-chat-state-gone                value 2.
78  lpc-chat-state-composing           value 3.
78  lpc-chat-state-pause               value 4.
78  lpc-accept-status-accept           value 0.
78  lpc-accept-status-read             value 1.
78  lpc-accept-status-access           value 2.
78  lpc-accept-status-nack             value 3.
78  lpc-accept-status-action           value 4.
78  lpc-csat-status-filled             value 0.
78  lpc-csat-status-partially-filled   value 1.
78  lpc-csat-status-skipped            value 2.
78  lpc-log-level-off                  value 0.
78  lpc-log-level-error                value 1.
78  lpc-log-level-warn                 value 2.
78  lpc-log-level-info                 value 3.
78  lpc-log-level-debug                value 4.
78  lpc-log-level-trace                value 5.

78  lpc-update-kind-sent               value 1.
78  lpc-update-kind-failed             value 2.
78  lpc-update-kind-opened             value 3.
78  lpc-update-kind-event              value 4.
78  lpc-update-kind-closed             value 5.
