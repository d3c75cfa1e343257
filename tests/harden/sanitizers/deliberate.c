/* A bug of each kind, made on purpose: a sanitizer that does not report it is not on.

       deliberate address     reads a handle that was freed, in code of the library
       deliberate thread      uses a configuration on two threads at once, in code of the library */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lpconnector.h"

static void *set_often(void *config)
{
    int i;

    for (i = 0; i < 1000; i++)
        lpc_config_set(config, "account.id", i % 2 != 0 ? "le1" : "le2", NULL);
    return NULL;
}

int main(int count, char **arguments)
{
    const char *bug = count == 2 ? arguments[1] : "";
    lpc_config *config = lpc_config_new();
    pthread_t other;

    if (strcmp(bug, "address") == 0) {
        lpc_config_free(config);
        lpc_config_get(config, "account.id");
    } else if (strcmp(bug, "thread") == 0) {
        if (pthread_create(&other, NULL, set_often, config) != 0)
            return 2;
        set_often(config);
        pthread_join(other, NULL);
        lpc_config_free(config);
    } else {
        return 2;
    }
    printf("nobody found the bug\n");
    return 0;
}
