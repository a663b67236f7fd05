// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The version of this package.
public enum Version {
  /// Major, minor and patch.
  public static let current = "0.1.0"
}
