// The first tests of Codecs land with its first sources.
