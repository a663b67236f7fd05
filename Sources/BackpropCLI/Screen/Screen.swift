// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropTraining

/// Shows a training on a terminal: a line for each epoch, and under them one that moves, with
/// progress, rate, loss and time left. Without a terminal the epochs' lines alone.
final class Screen: EventListener {
  private let isTerminal: Bool
  private let figures: [String]
  private var started: Event.Started?
  private var isLineOpen = false

  /// - Parameter figures: the names of the validation figures that have a column, besides loss.
  init(isTerminal: Bool, figures: [String]) {
    self.isTerminal = isTerminal
    self.figures = figures
  }

  var wantsProgress: Bool { isTerminal }

  func hear(_ event: Event) {
    switch event {
    case .started(let started): begin(started)
    case .progress(let progress): show(progress)
    case .epoch(let report): show(report)
    case .warning(let text): line("warning: \(text)")
    case .stopped(let stop): show(stop)
    case .done: clear()
    }
  }

  private func begin(_ started: Event.Started) {
    self.started = started
    var text =
      "\(Text.grouped(started.parameters)) parameters, \(Text.grouped(started.examples)) examples "
      + "to train"
    if started.validationExamples > 0 {
      text += ", \(Text.grouped(started.validationExamples)) to validate"
    }
    text += started.epochs == 1 ? ", 1 epoch" : ", \(started.epochs) epochs"
    text += " of \(Text.grouped(started.stepsPerEpoch)) steps"
    line(text)
    if started.position > 0 {
      let epoch = started.position / max(started.stepsPerEpoch, 1) + 1
      line("goes on at step \(started.position % max(started.stepsPerEpoch, 1)) of epoch \(epoch)")
    }
    var header = Text.right("epoch", 9) + Text.right("loss", 11)
    if started.validationExamples > 0 {
      header += Text.right("validation", 13)
      for figure in figures { header += Text.right(figure, 11) }
    }
    line(header + Text.right("examples/s", 14))
  }

  private func show(_ report: EpochReport) {
    let epochs = started?.epochs ?? report.epoch
    var text =
      Text.right("\(report.epoch)/\(epochs)", 9)
      + Text.right(Text.short(report.train["loss"] ?? .nan), 11)
    if let validation = report.validation {
      text += Text.right(Text.short(validation["loss"] ?? .nan), 13)
      for figure in figures {
        text += Text.right(validation[figure].map { Text.metric(figure, $0) } ?? "-", 11)
      }
    }
    text += Text.right(Text.grouped(Int(report.examplesPerSecond.rounded())), 14)
    line(text + (report.isBest && report.validation != nil ? "  best" : ""))
  }

  private func show(_ progress: Event.Progress) {
    guard let started else { return }
    let share = Double(progress.step) / Double(max(started.stepsPerEpoch, 1))
    let width = 24
    let filled = min(width, Int(share * Double(width)))
    let bar =
      String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    let text =
      Text.right("\(progress.epoch)/\(started.epochs)", 9) + "  \(bar) "
      + "\(Text.grouped(Int(progress.examplesPerSecond))) examples/s, loss "
      + "\(Text.short(progress.loss)), \(Text.seconds(progress.secondsLeft)) left"
    Output.printPart("\r" + text.prefix(max(20, Output.width - 1)) + "\u{1B}[K")
    isLineOpen = true
  }

  private func show(_ stop: Event.Stop) {
    switch stop.reason {
    case .noImprovement(let epochs):
      line(
        "nothing better for \(epochs) epochs: stopped, with the weights of epoch "
          + "\(stop.bestEpoch ?? stop.epoch)")
    case .interrupted: line("stopped in epoch \(stop.epoch + 1)")
    }
  }

  private func line(_ text: String) {
    clear()
    Output.print(text)
  }

  private func clear() {
    if isLineOpen { Output.printPart("\r\u{1B}[K") }
    isLineOpen = false
  }
}

/// Prints each event as a JSON line.
final class JSONLines: EventListener {
  var wantsProgress: Bool { false }

  func hear(_ event: Event) {
    if let text = try? event.json?.text() { Output.print(text) }
  }
}
