// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The keys of one mapping of a recipe. A key that is none of these is an error.
protocol RecipeKey: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
  /// The mapping's own key in the recipe; empty for the outermost.
  static var section: String { get }
}

/// The outermost keys.
enum TopKey: String, RecipeKey {
  static let section = ""
  case name, about, task, data, model, training, seed
}

/// The keys under `data`.
enum DataKey: String, RecipeKey {
  static let section = "data"
  case source, path, train, validation, test
  case validation_fraction, test_fraction
  case header, columns, delimiter, comment, skip_rows
  case target, numeric, categorical, ignore, missing
  case scale, log, fill, encoding, least_count, target_scale, target_suffix, classes
  case text, context, vocabulary
  case date, window, horizon, season, calendar
  case names, sample_rate, seconds, split_by
  case size, channels

  /// The keys that speak of a table's columns.
  static let ofTables: [DataKey] = [
    .header, .columns, .delimiter, .comment, .skip_rows, .target, .numeric, .categorical, .ignore,
    .missing, .scale,
    .log, .fill, .encoding, .least_count, .target_scale, .target_suffix,
  ]

  /// Those of them that speak of a table of texts, too.
  static let ofLabeledTexts: [DataKey] = [
    .header, .columns, .delimiter, .comment, .skip_rows, .target, .least_count,
  ]

  /// Those of them that speak of a table whose rows follow one another in time, too.
  static let ofForecasts: [DataKey] = [
    .header, .columns, .delimiter, .comment, .skip_rows, .target, .numeric, .categorical, .ignore,
    .missing, .scale, .log, .least_count,
  ]
}

/// The keys under `model`.
enum ModelKey: String, RecipeKey {
  static let section = "model"
  case kind, hidden, activation, dropout, normalization, residual
  case channels, window, blocks
  case layers, heads, key_value_heads, width, style, positions, attention_window, tied
  case attention_dropout
  case cell, units
  case patch
  case bidirectional, anchor, instance_norm
  case frame, hop, bands
}

/// The keys under `training`.
enum TrainingKey: String, RecipeKey {
  static let section = "training"
  case epochs, batch, micro_batches, group_by_length
  case optimizer, learning_rate, momentum, nesterov, weight_decay
  case schedule, warmup_epochs, final_learning_rate, decay_epochs, decay_factor
  case loss, label_smoothing, balance_classes
  case clip_norm, clip_value, l1, l2
  case early_stopping, monitor, weight_average, precision
  case flips, shift, cutout, mixup
  case time_shift, gain, noise, mask_frames, mask_bands
}

/// Which mapping each key belongs to, for messages about a key in the wrong place.
enum RecipeKeys {
  static let sections: [(section: String, keys: [String])] = [
    section(TopKey.self), section(DataKey.self), section(ModelKey.self),
    section(TrainingKey.self),
  ]

  private static func section<Key: RecipeKey>(_: Key.Type) -> (section: String, keys: [String]) {
    (Key.section, Key.allCases.map(\.rawValue))
  }

  /// `training.epochs` for a key under a mapping, `seed` for an outermost one.
  static func dotted(_ section: String, _ key: String) -> String {
    section.isEmpty ? key : "\(section).\(key)"
  }
}
