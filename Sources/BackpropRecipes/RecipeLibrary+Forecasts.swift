// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes that forecast series.
extension RecipeLibrary {
  static let forecasts = [airline, sunspots, temperatures, beijing]

  private static let airline = RecipeLibrary(
    name: "forecast",
    text: """
      # Airline passengers of each month from 1949 to 1960: the next year from the last two.
      name: forecast
      about: Forecasts the airline passengers of the next twelve months.
      task: regression
      data:
        source: forecast
        path: data/time-series
        train: airline-passengers.csv
        date: Month
        target: Passengers
        window: 24
        horizon: 12
        season: 12
        validation_fraction: 0.15
        test_fraction: 0.2
      model:
        kind: lstm
        width: 32
        anchor: season
        instance_norm: true
      training:
        epochs: 40
        batch: 16
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        weight_decay: 0.01
        clip_norm: 1
        loss: huber
      seed: 0

      """)

  private static let sunspots = RecipeLibrary(
    name: "forecast-sunspots",
    text: """
      # Sunspots of each month from 1749 to 1983, which come and go in about eleven years.
      name: forecast-sunspots
      about: Forecasts the sunspots of the next twelve months.
      task: regression
      data:
        source: forecast
        path: data/time-series
        train: monthly-sunspots.csv
        date: Month
        target: Sunspots
        window: 132
        horizon: 12
        season: 132
        calendar: false
        validation_fraction: 0.1
        test_fraction: 0.2
      model:
        kind: tcn
        channels: [16, 16, 16, 16, 16]
        dropout: 0.1
        anchor: last
      training:
        epochs: 20
        batch: 32
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        weight_decay: 0.01
        clip_norm: 1
        loss: huber
      seed: 0

      """)

  private static let temperatures = RecipeLibrary(
    name: "forecast-temperatures",
    text: """
      # The least temperature of each day in Melbourne from 1981 to 1990.
      name: forecast-temperatures
      about: Forecasts the night temperatures of the next seven days.
      task: regression
      data:
        source: forecast
        path: data/time-series
        train: daily-min-temperatures.csv
        date: Date
        target: Temp
        window: 30
        horizon: 7
        season: 365
        validation_fraction: 0.1
        test_fraction: 0.2
      model:
        kind: lstm
        width: 32
        anchor: none
        instance_norm: false
      training:
        epochs: 20
        batch: 32
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        weight_decay: 0.01
        clip_norm: 1
        loss: huber
      seed: 0

      """)

  private static let beijing = RecipeLibrary(
    name: "forecast-beijing",
    text: """
      # Fine dust and weather in Beijing, hour by hour from 2010 to 2014.
      name: forecast-beijing
      about: Forecasts the fine dust of the next 24 hours from a day of it and of the weather.
      task: regression
      data:
        source: forecast
        path: data/time-series
        train: [beijing-pm25.csv.gz, pollution.csv]
        date: [year, month, day, hour]
        target: pm2.5
        ignore: [No]
        window: 24
        horizon: 24
        season: 24
        validation_fraction: 0.1
        test_fraction: 0.2
      model:
        kind: lstm
        width: 32
        dropout: 0.1
        anchor: none
        instance_norm: false
      training:
        epochs: 3
        batch: 128
        optimizer: adamw
        learning_rate: 0.001
        schedule: cosine
        weight_decay: 0.01
        clip_norm: 1
        loss: huber
      seed: 0

      """)
}
