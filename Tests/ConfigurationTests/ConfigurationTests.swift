// The first tests of Configuration land with its first sources.
