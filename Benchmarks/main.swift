// The benchmarks of the hot paths; the note is Benchmarks.docc.
//
//     swift run -c release Benchmarks [--small] [--json] [--filter NAME,…]
//
// Reads like a table: what is measured, with which inputs, is said here by one line per file.

var suite = Suite(Options(CommandLine.arguments.dropFirst()))
FrameDecode.measure(in: &suite)
MaskInPlace.measure(in: &suite)
UTF8Check.measure(in: &suite)
Inflate.measure(in: &suite)
Deflate.measure(in: &suite)
JSONScan.measure(in: &suite)
WAMPScan.measure(in: &suite)
WAMPTranscode.measure(in: &suite)
WAMPWrite.measure(in: &suite)
OpenAPIPublish.measure(in: &suite)
IndexMatch.measure(in: &suite)
IndexAddRemove.measure(in: &suite)
IndexScale.measure(in: &suite)
IndexChange.measure(in: &suite)
IndexMemory.measure(in: &suite)
IndexCovering.find(in: &suite)
FanOut.measure(in: &suite)
PublicationPath.measure(in: &suite)
Compressions.find(in: &suite)
IdleConnection.find(in: &suite)
MailboxPost.measure(in: &suite)
WheelTurn.measure(in: &suite)
Handshake.measure(in: &suite)
Opening.measure(in: &suite)
EchoTurn.measure(in: &suite)
suite.finish()
