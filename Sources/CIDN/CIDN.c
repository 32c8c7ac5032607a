// For explicit_bzero, which compilers leave alone.
#define _DEFAULT_SOURCE
#include "CIDN.h"

#include <stdlib.h>
#include <string.h>
#include <stringprep.h>

int carillon_saslprep(const char *text, bool stored, char **prepared) {
    // libidn allocates with malloc when it is the one this program uses, which it is.
    return stringprep_profile(text, prepared, "SASLprep", stored ? STRINGPREP_NO_UNASSIGNED : 0);
}

void carillon_prepared_free(char *prepared) {
    if (!prepared) return;
    explicit_bzero(prepared, strlen(prepared));
    free(prepared);
}

const char *carillon_saslprep_message(int error) { return stringprep_strerror(error); }
