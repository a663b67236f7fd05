// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension DataCatalog {
  /// Data sets of series.
  static let series = [ucr, timeSeries]

  private static let sktime =
    "https://raw.githubusercontent.com/sktime/sktime/main/sktime/datasets/data/"
  private static let lcid =
    "https://raw.githubusercontent.com/stefan-pdx/lcid/d854d1d32e0be43fd9ee0627573d4bd81e998722/"
  private static let jbrownlee = "https://raw.githubusercontent.com/jbrownlee/Datasets/master/"

  private static let ucr = DataCatalog(
    name: "ucr", summary: "four sets of the UCR/UEA archive: series with classes",
    licence: "none stated; free for research",
    files: [
      File(
        name: "GunPoint_TRAIN.ts", url: sktime + "GunPoint/GunPoint_TRAIN.ts", size: 84_188,
        sha256: "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5"),
      File(
        name: "GunPoint_TEST.ts", url: sktime + "GunPoint/GunPoint_TEST.ts", size: 252_305,
        sha256: "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e"),
      File(
        name: "BasicMotions_TRAIN.ts", url: sktime + "BasicMotions/BasicMotions_TRAIN.ts",
        size: 227_790,
        sha256: "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6"),
      File(
        name: "BasicMotions_TEST.ts", url: sktime + "BasicMotions/BasicMotions_TEST.ts",
        size: 227_713,
        sha256: "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc"),
      File(
        name: "JapaneseVowels_TRAIN.ts", url: sktime + "JapaneseVowels/JapaneseVowels_TRAIN.ts",
        size: 487_971,
        sha256: "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd"),
      File(
        name: "JapaneseVowels_TEST.ts", url: sktime + "JapaneseVowels/JapaneseVowels_TEST.ts",
        size: 649_132,
        sha256: "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462"),
      File(
        name: "ECG200_TRAIN.txt", url: lcid + "data/ECG200/ECG200_TRAIN", size: 155_367,
        sha256: "9656138b385fe88a5c8730e212c446bc5fdc841597840c1e32afb8cf7451f838"),
      File(
        name: "ECG200_TEST.txt", url: lcid + "data/ECG200/ECG200_TEST", size: 155_360,
        sha256: "d66b25069e76915ca72bd1ecf1ff73ce0e28428fc9e3e26803f5452c5dec2708"),
    ])

  private static let timeSeries = DataCatalog(
    name: "time-series",
    summary: "four tables to forecast: passengers, sunspots, temperatures, dust",
    licence: "none stated; the dust CC BY 4.0",
    files: [
      File(
        name: "airline-passengers.csv", url: jbrownlee + "airline-passengers.csv", size: 2180,
        sha256: "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621"),
      File(
        name: "monthly-sunspots.csv", url: jbrownlee + "monthly-sunspots.csv", size: 45_039,
        sha256: "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f4badd5124c55931052b0cd2fc3bc71f3"),
      File(
        name: "daily-min-temperatures.csv", url: jbrownlee + "daily-min-temperatures.csv",
        size: 67_921,
        sha256: "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da"),
      File(
        name: "pollution.csv", url: jbrownlee + "pollution.csv", size: 2_010_492,
        sha256: "892e9559205d16d32623135c127a3951c12e46ea1e0b3093e107ce89a9fd60e2"),
    ])
}
