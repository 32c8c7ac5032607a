// The first tests of HTTP1 land with its first sources.
