/* A program with an SQLite of its own, other than the library's: each has its own, and both work. */
#include <stdio.h>
#include <string.h>

#include "lpconnector.h"

const char *sqlite3_libversion(void);
int sqlite3_open(const char *name, void **database);
int sqlite3_close(void *database);

int main(void)
{
    lpc_config *config = lpc_config_new();
    lpc_connector *connector = NULL;
    lpc_error *err = NULL;
    void *database = NULL;

    if (strcmp(sqlite3_libversion(), "the program's") != 0)
        return 1;
    if (sqlite3_open(":memory:", &database) != 0 || sqlite3_close(database) != 0)
        return 2;
    if (lpc_config_load_env(config, &err) != LPC_OK || lpc_connector_new(config, &connector, &err) != LPC_OK) {
        fprintf(stderr, "%s\n", lpc_error_message(err));
        return 3;
    }
    lpc_connector_free(connector);
    lpc_config_free(config);
    return 0;
}
