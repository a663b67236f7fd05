// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the program writes: results to standard output, mistakes to standard error.
enum Output {
  /// Writes a line to standard output.
  static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

  /// Writes text without a line break to standard output.
  static func printPart(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes a line to standard error.
  static func printError(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

  /// Nothing is kept back: each line is written at once.
  static func flush() { fflush(nil) }

  /// Whoever reads our output may stop reading, and a file may reach the size that is allowed: that
  /// ends the program with its own words, not by a signal.
  static func ignoreSignalsOfWriting() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// The width of the terminal in columns.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// The exit status when nothing more can be written, which is said where that is possible.
  private static func endOfWriting(_ code: Int32, _ descriptor: Int32) -> Int32 {
    if code == EPIPE { return 0 }
    if descriptor == STDOUT_FILENO {
      printError(
        "backprop: standard output cannot be written: \(String(cString: strerror(code))); free "
          + "space or write elsewhere.")
    }
    return 1
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var done = 0
      while done < bytes.count {
        #if canImport(Glibc)
          let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        #elseif canImport(Musl)
          let count = Musl.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        #else
          let count = Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        #endif
        if count < 0 && errno == EINTR { continue }
        if count < 0 { exit(endOfWriting(errno, descriptor)) }
        done += count
      }
    }
  }
}

/// Ends the process.
func exitProcess(_ status: Int32) -> Never { exit(status) }
