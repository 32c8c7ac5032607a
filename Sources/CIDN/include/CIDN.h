// CIDN — SASLprep by GNU libidn (RFC 4013), one call.
#ifndef CARILLON_CIDN_H
#define CARILLON_CIDN_H
#include <stdbool.h>

// Prepares a text of UTF-8 that ends with a 0. `stored` refuses code points that Unicode 3.2 does
// not know (RFC 3454 §7). 0 and *prepared, which carillon_prepared_free takes back, or an error code.
int carillon_saslprep(const char *text, bool stored, char **prepared);
// Overwrites and frees a prepared text.
void carillon_prepared_free(char *prepared);
// What an error code means; a constant text.
const char *carillon_saslprep_message(int error);
#endif
