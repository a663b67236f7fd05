// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropTraining

/// How far forecasts are from what came, beside what simple rules say.
///
/// For each column that is forecast, over all windows and steps: `rmse` and `mae` in its unit, `mase`
/// (the mean absolute error over that of the seasonal naive forecast one season ahead in the
/// training part; R. J. Hyndman, A. B. Koehler, 2006), `r2`; then `seasonal_naive_rmse`,
/// `last_value_rmse` and so on for each baseline. With several columns the names end in the
/// column's: `mae_temp`.
struct ForecastMetrics {
  private var metrics = Metrics()

  /// - Parameters:
  ///   - outputs: [N, H · K], scaled, as the targets and the baselines are.
  init(
    _ forecast: ForecastPreprocessor, outputs: [Float], targets: [Float], _ baselines: [Baseline]
  ) {
    let columns = forecast.targets.count
    for column in 0..<columns {
      let ending = columns == 1 ? "" : "_\(forecast.targets[column].name)"
      func numbers(_ values: [Float]) -> [Double] {
        stride(from: column, to: values.count, by: columns).map {
          forecast.value(ofOutput: values[$0], column: column)
        }
      }
      let truth = numbers(targets)
      let own = RegressionMetrics(predictions: numbers(outputs), targets: truth)
      metrics["rmse" + ending] = own.rootMeanSquaredError
      metrics["mae" + ending] = own.meanAbsoluteError
      let unit = forecast.seasonalError[column]
      if let unit { metrics["mase" + ending] = own.meanAbsoluteError / unit }
      metrics["r2" + ending] = own.rSquared
      for baseline in baselines {
        guard case .float(let values) = baseline.values.storage else { continue }
        let simple = RegressionMetrics(predictions: numbers(values), targets: truth)
        metrics["\(baseline.name)_rmse" + ending] = simple.rootMeanSquaredError
        metrics["\(baseline.name)_mae" + ending] = simple.meanAbsoluteError
        if let unit { metrics["\(baseline.name)_mase" + ending] = simple.meanAbsoluteError / unit }
      }
    }
  }

  func summary() -> Metrics { metrics }
}
