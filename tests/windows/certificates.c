/* Whom a client trusts: those in the system's store, or those of tls.ca.file alone. */
#include "../c/harness.h"

#include <windows.h>

#include <wincrypt.h>

/* Puts the certificate of a file in PEM among the roots of the machine. */
static void trust(const char *path)
{
    HCERTSTORE roots = CertOpenStore(CERT_STORE_PROV_SYSTEM_A, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE,
                                     "ROOT");
    FILE *file = file_open(path, "rb");
    char pem[1 << 14];
    BYTE der[1 << 14];
    DWORD length = sizeof der;
    size_t read;

    CHECK(roots != NULL && file != NULL);
    read = fread(pem, 1, sizeof pem, file);
    fclose(file);
    CHECK(CryptStringToBinaryA(pem, (DWORD)read, CRYPT_STRING_BASE64HEADER, der, &length, NULL, NULL));
    CHECK(CertAddEncodedCertificateToStore(roots, X509_ASN_ENCODING, der, length, CERT_STORE_ADD_NEW,
                                           NULL));
    CertCloseStore(roots, 0);
}

/* Opens a conversation with these roots; "": the system's. */
static lpc_status open_with(const char *roots)
{
    account a = account_new();
    lpc_config *config = account_config(&a);
    const char *url = getenv("LPC_DOMAIN_API_URL");
    lpc_client *client = NULL;
    lpc_consumer *consumer;
    lpc_conversation *conversation = NULL;
    lpc_error *err = NULL;
    lpc_status status;
    char by_name[64];

    /* Wine finds no addresses in certificates. */
    snprintf(by_name, sizeof by_name, "https://localhost%s", strrchr(url, ':'));
    CHECK_OK(lpc_config_set(config, "domain.api.url", by_name, &err), &err);
    CHECK_OK(lpc_config_set(config, "tls.ca.file", roots, &err), &err);
    CHECK_OK(lpc_client_new(config, &client, &err), &err);
    lpc_config_free(config);
    consumer = new_consumer(client, "certificates");
    status = lpc_conversation_open(consumer, NULL, &conversation, &err);
    printf("%s: %s\n", *roots != '\0' ? "tls.ca.file" : "the system's store",
           err != NULL ? lpc_error_message(err) : "trusted");
    lpc_error_free(err);
    lpc_conversation_free(conversation);
    lpc_consumer_free(consumer);
    lpc_client_free(client);
    return status;
}

/* Wine reads the store once in a process: each step is one. */
int main(int argc, char **argv)
{
    const char *roots = getenv("LPC_TLS_CA_FILE"), *step = argc == 2 ? argv[1] : "";

    CHECK(roots != NULL);
    /* Wine asks all, and its own has no answer. */
    CryptUnregisterDefaultOIDFunction(X509_ASN_ENCODING, CRYPT_OID_VERIFY_REVOCATION_FUNC, L"cryptnet.dll");
    CHECK(CryptRegisterDefaultOIDFunction(X509_ASN_ENCODING, CRYPT_OID_VERIFY_REVOCATION_FUNC,
                                          CRYPT_REGISTER_LAST_INDEX, L"revocation.dll")
          || GetLastError() == ERROR_FILE_EXISTS);
    if (strcmp(step, "trust") == 0) {
        trust(roots);
    } else if (strcmp(step, "trusted") == 0) {
        CHECK(open_with("") == LPC_OK);
    } else {
        CHECK(open_with("") == LPC_TLS);
        CHECK(open_with(roots) == LPC_OK);
    }
    return 0;
}
