// The first tests of Engine land with its first sources.
