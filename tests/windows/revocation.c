/* Says of each certificate that nobody revoked it. For tests under Wine alone, which asks, and takes an
 * answer that is not to be had for a reason to refuse; Windows can be told not to. */
#include <windows.h>

#include <wincrypt.h>

__declspec(dllexport) BOOL WINAPI CertDllVerifyRevocation(DWORD encoding, DWORD type, DWORD count,
                                                          void **certificates, DWORD flags,
                                                          CERT_REVOCATION_PARA *parameters,
                                                          CERT_REVOCATION_STATUS *status)
{
    (void)encoding;
    (void)type;
    (void)count;
    (void)certificates;
    (void)flags;
    (void)parameters;
    status->dwIndex = 0;
    status->dwError = 0;
    return TRUE;
}
