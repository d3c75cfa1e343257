/* bcryptprimitives.dll, which Rust's standard library takes random numbers from and older versions of
 * Wine lack. For tests under Wine alone: Windows has its own. */
#include <windows.h>

#include <ntsecapi.h> /* RtlGenRandom, whose name in the library is SystemFunction036. */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length)
{
    return RtlGenRandom(bytes, (ULONG)length);
}
