// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropRecipes
import TestSupport
import Testing

/// A recipe's text, or a line that is put into a good one, and the message that it must give.
struct Mistake: Sendable, CustomTestStringConvertible {
  let text: String
  let message: String

  init(_ text: String, _ message: String) {
    self.text = text
    self.message = message
  }

  var testDescription: String { text }
}

@Suite("Mistakes in recipes") struct MistakeTests {
  @Test(arguments: keys) func inKeysAreShownWhereTheyStand(mistake: Mistake) {
    expect(mistake, mistake.text)
  }

  @Test(arguments: yaml) func inYAMLAreShownWhereTheyStand(mistake: Mistake) {
    expect(mistake, mistake.text)
  }

  @Test(arguments: values) func inValuesSayWhatWouldFit(mistake: Mistake) {
    let text = "task: classification\ndata:\n  source: digits\n\(mistake.text)\n"
    expect(mistake, text)
  }

  @Test(arguments: tables) func inTablesSayWhatIsNeeded(mistake: Mistake) {
    let text = "task: regression\ndata:\n  source: csv\n\(mistake.text)\n"
    expect(mistake, text)
  }

  private func expect(_ mistake: Mistake, _ text: String) {
    let message = failure { _ = try recipe(text) }
    #expect(cut(message, like: mistake.message) == mistake.message)
  }

  private static let keys = [
    Mistake(
      "task: classification\ndata:\n  source: digits\nmodel:\n  hiden: [4]\n",
      "r.yaml, line 5, column 3: 'hiden' is no key of 'model'; did you mean 'hidden'?"),
    Mistake(
      "task: classification\ndata:\n  source: digits\ntrainning:\n  epochs: 3\n",
      "r.yaml, line 4, column 1: 'trainning' is no key of a recipe; did you mean "
        + "'training'?"),
    Mistake(
      "task: classification\ndata:\n  source: digits\n  epochs: 3\n",
      "r.yaml, line 4, column 3: 'epochs' is no key of 'data'; it belongs under "
        + "'training'."),
    Mistake(
      "task: classification\ndata:\n  source: digits\nepoch: 3\n",
      "r.yaml, line 4, column 1: 'epoch' is no key of a recipe; did you mean "
        + "'training.epochs'?"),
    Mistake(
      "task: classification\ndata:\n  source: digits\n  seed: 3\n",
      "r.yaml, line 4, column 3: 'seed' is no key of 'data'; it belongs to the outermost "
        + "keys."),
    Mistake(
      "task: classification\ndata:\n  source: digits\nmodel:\n  zzz: 1\n",
      "r.yaml, line 5, column 3: 'zzz' is no key of 'model'; its keys are kind, …"),
    Mistake(
      "data:\n  source: digits\n",
      "r.yaml, line 1, column 1: the key 'task' is missing; add classification, "
        + "regression, generation or translation."),
    Mistake(
      "task: classification\n",
      "r.yaml, line 1, column 1: the key 'data' is missing; add it with a 'source' under "
        + "it."),
    Mistake(
      "task: classification\ndata:\n  path: x\n",
      "r.yaml, line 3, column 3: the key 'source' is missing under 'data'; choose one of "
        + "digits, …"),
    Mistake(
      "task: classification\ndata: digits\n",
      "r.yaml, line 2, column 7: 'data' is a mapping of keys to values, not 'digits'; "
        + "its keys are source, …"),
    Mistake(
      "task: clasification\ndata:\n  source: digits\n",
      "r.yaml, line 1, column 7: task cannot be 'clasification'; did you mean "
        + "'classification'? Known are classification, regression, generation, translation."),
    Mistake(
      "- a\n- b\n",
      "r.yaml, line 1, column 1: a recipe is a mapping of keys to values, not a list; "
        + "its keys are name, about, task, data, model, training, seed."),
    Mistake(
      "name: a b\ntask: classification\ndata:\n  source: digits\n",
      "r.yaml, line 1, column 7: name cannot be 'a b'; use letters, digits, '-' and '_', "
        + "at most 64."),
  ]

  private static let yaml = [
    Mistake(
      "",
      "r.yaml: the file is empty; write at least `task:`, `data:` and `model:`."),
    Mistake(
      "task: [classification\ndata:\n  source: digits\n",
      "r.yaml, line 2, column 5: this is not YAML: did not find expected ',' or ']'; "
        + "correct the YAML there."),
    Mistake(
      "task: classification\n\tdata:\n",
      "r.yaml, line 2, column 1: this is not YAML: found a tab character that violates "
        + "indentation; correct the YAML there."),
    Mistake(
      "task: classification\ntask: regression\ndata:\n  source: digits\n",
      "r.yaml, line 1, column 1: the key 'task' is written twice; keep one of them."),
    Mistake(
      "task: *nothing\n",
      "r.yaml, line 1, column 7: this is not YAML: found undefined alias; correct the "
        + "YAML there."),
    Mistake(
      "task: \"never closed\n",
      "r.yaml, line 2, column 1: this is not YAML: found unexpected end of stream; "
        + "correct the YAML there."),
    Mistake(
      "a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n",
      "r.yaml, line 1, column 29: the nesting is too deep; a recipe has three levels."),
    Mistake(
      "? [a, b]\n: 1\n",
      "r.yaml, line 1, column 3: a list cannot be a key; write a name."),
    Mistake(
      String(repeating: "[", count: 600),
      "r.yaml, line 1, column 501: there are too many brackets; a recipe is a short YAML "
        + "file."),
    Mistake(
      "task: " + String(repeating: "x", count: 1100),
      "r.yaml, line 1, column 1001: the line is longer than 1000 bytes; a recipe is a "
        + "short YAML file."),
  ]

  private static let values = [
    Mistake(
      "training:\n  epochs: many",
      "r.yaml, line 5, column 11: training.epochs is a whole number, not 'many'."),
    Mistake(
      "training:\n  epochs: 0",
      "r.yaml, line 5, column 11: training.epochs is from 1 to 1000000, not 0."),
    Mistake(
      "training:\n  epochs: 2.5",
      "r.yaml, line 5, column 11: training.epochs is a whole number, not '2.5'."),
    Mistake(
      "training:\n  epochs: [1]",
      "r.yaml, line 5, column 11: training.epochs is a whole number, not a list."),
    Mistake(
      "training:\n  batch: -1",
      "r.yaml, line 5, column 10: training.batch is from 1 to 16777216, not -1."),
    Mistake(
      "training:\n  batch: 99999999999999999999",
      "r.yaml, line 5, column 10: training.batch is a whole number, not "
        + "'99999999999999999999'."),
    Mistake(
      "training:\n  batch: 10\n  micro_batches: 3",
      "r.yaml, line 6, column 18: training.micro_batches is 3, and a batch of 10 cannot "
        + "be cut into as many; choose a divisor of 10."),
    Mistake(
      "training:\n  learning_rate: 0",
      "r.yaml, line 5, column 18: training.learning_rate is a number above 0, not 0."),
    Mistake(
      "training:\n  learning_rate: nan",
      "r.yaml, line 5, column 18: training.learning_rate is a number, not 'nan'."),
    Mistake(
      "training:\n  learning_rate: \"0.1\"",
      "r.yaml, line 5, column 18: training.learning_rate is a number, not the text \"0.1\"."),
    Mistake(
      "training:\n  optimizer: adamm",
      "r.yaml, line 5, column 14: training.optimizer cannot be 'adamm'; did you mean "
        + "'adam'? Known are sgd, …"),
    Mistake(
      "training:\n  optimizer: newton",
      "r.yaml, line 5, column 14: training.optimizer cannot be 'newton'; choose one of "
        + "sgd, …"),
    Mistake(
      "training:\n  loss: squared",
      "r.yaml, line 5, column 9: training.loss squared does not fit the task "
        + "classification; choose one of cross_entropy, focal."),
    Mistake(
      "training:\n  loss: focal\n  label_smoothing: 0.1",
      "r.yaml, line 6, column 20: training.label_smoothing is for cross_entropy; remove "
        + "it."),
    Mistake(
      "training:\n  momentum: 0.5",
      "r.yaml, line 5, column 13: training.momentum is not for adamw; remove it."),
    Mistake(
      "training:\n  nesterov: true",
      "r.yaml, line 5, column 13: training.nesterov is for sgd with momentum; remove it."),
    Mistake(
      "training:\n  optimizer: sgd\n  momentum: 0\n  nesterov: true",
      "r.yaml, line 7, column 13: training.nesterov is for sgd with momentum; remove it."),
    Mistake(
      "training:\n  nesterov: maybe",
      "r.yaml, line 5, column 13: training.nesterov is true or false, not 'maybe'."),
    Mistake(
      "training:\n  optimizer: adam\n  weight_decay: 0.1",
      "r.yaml, line 6, column 17: training.weight_decay is not for adam; write "
        + "training.optimizer: adamw, or training.l2."),
    Mistake(
      "training:\n  optimizer: adamw\n  l2: 0.1",
      "r.yaml, line 6, column 7: training.l2 is not for adamw; write "
        + "training.weight_decay instead."),
    Mistake(
      "training:\n  clip_norm: 1\n  clip_value: 1",
      "r.yaml, line 6, column 15: training.clip_value stands beside training.clip_norm; "
        + "remove one of them."),
    Mistake(
      "training:\n  warmup_epochs: 20",
      "r.yaml, line 5, column 18: training.warmup_epochs is 20.0, and there are only 20 "
        + "epochs; write less."),
    Mistake(
      "training:\n  decay_factor: 1.5",
      "r.yaml, line 5, column 17: training.decay_factor is a number above 0 and at most "
        + "1, not 1.5."),
    Mistake(
      "training:\n  decay_epochs: 1e300",
      "r.yaml, line 5, column 17: training.decay_epochs is at most 1000000, not 1e+300."),
    Mistake(
      "training:\n  weight_average: 1",
      "r.yaml, line 5, column 19: training.weight_average is a number from 0 and below "
        + "1, not 1."),
    Mistake(
      "training:\n  early_stopping: 0",
      "r.yaml, line 5, column 19: training.early_stopping is from 1 to 1000000, not 0."),
    Mistake(
      "training:\n  precision: float64",
      "r.yaml, line 5, column 14: training.precision cannot be 'float64'; did you mean "
        + "'float32'? Known are float32, bfloat16."),
    Mistake(
      "model:\n  hidden: 128",
      "r.yaml, line 5, column 11: model.hidden is a list of whole numbers, not '128'; "
        + "write [first, second]."),
    Mistake(
      "model:\n  hidden: [128, 0]",
      "r.yaml, line 5, column 17: an element of model.hidden is from 1 to 65536, not 0."),
    Mistake(
      "model:\n  hidden: [128, wide]",
      "r.yaml, line 5, column 17: an element of model.hidden is a whole number, not "
        + "'wide'."),
    Mistake(
      "model:\n  dropout: 1",
      "r.yaml, line 5, column 12: model.dropout is a number from 0 and below 1, not 1."),
    Mistake(
      "model:\n  kind: table",
      "r.yaml, line 5, column 9: model.kind table reads tables, and the source is digits."),
    Mistake(
      "model:\n  activation: reLU",
      "r.yaml, line 5, column 15: model.activation cannot be 'reLU'; did you mean "
        + "'relu'? Known are relu, …"),
    Mistake(
      "seed: -1",
      "r.yaml, line 4, column 7: seed is at least 0, not -1."),
    Mistake(
      "about: [1, 2]",
      "r.yaml, line 4, column 8: about is a text, not a list."),
  ]

  private static let tables = [
    Mistake(
      "  target: y",
      "r.yaml, line 3, column 3: the key 'train' is missing under 'data'; name a CSV "
        + "file."),
    Mistake(
      "  train: t.csv",
      "r.yaml, line 3, column 3: the key 'target' is missing under 'data'; name the "
        + "column to be predicted."),
    Mistake(
      "  train: t.csv\n  target: y\n  delimiter: \";;\"",
      "r.yaml, line 6, column 14: data.delimiter is one ASCII character, not ';;'."),
    Mistake(
      "  train: t.csv\n  target: y\n  test_fraction: 0",
      "r.yaml, line 6, column 18: data.test_fraction is 0 and there is no test file; "
        + "hold out a share, such as 0.2."),
    Mistake(
      "  train: t.csv\n  target: y\n  ignore: all",
      "r.yaml, line 6, column 11: data.ignore is a list of texts, not 'all'; write "
        + "[first, second]."),
    Mistake(
      "  train: t.csv\n  target: y\n  numeric: [[a]]",
      "r.yaml, line 6, column 13: data.numeric is a list of texts, and this element is a "
        + "list."),
    Mistake(
      "  train: t.csv\n  target: y\n  header: 1",
      "r.yaml, line 6, column 11: data.header is true or false, not '1'."),
    Mistake(
      "  train: t.csv\n  target: y\ntraining:\n  monitor: accuracy",
      "r.yaml, line 7, column 12: training.monitor accuracy is for classification; write "
        + "loss."),
    Mistake(
      "  train: t.csv\n  target: y\ntraining:\n  balance_classes: true",
      "r.yaml, line 7, column 20: training.balance_classes is for classification; remove "
        + "it."),
    Mistake(
      "  train: t.csv\n  target: y\ntraining:\n  loss: cross_entropy",
      "r.yaml, line 7, column 9: training.loss cross_entropy does not fit the task "
        + "regression; choose one of squared, absolute, huber, log_cosh."),
  ]
}
