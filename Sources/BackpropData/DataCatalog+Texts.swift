// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension DataCatalog {
  /// Data sets of texts.
  static let texts = [tinyShakespeare, names, sst2, agNews, smsSpam, multi30k]

  private static let karpathy = "https://raw.githubusercontent.com/karpathy/"
  private static let clairett =
    "https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/master/data/SST2/"
  private static let multi30kHome =
    "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/"

  private static let tinyShakespeare = DataCatalog(
    name: "tinyshakespeare", summary: "plays of Shakespeare, 1,115,394 characters",
    licence: "MIT (the repository); the text is in the public domain",
    files: [
      File(
        name: "input.txt",
        url: karpathy + "char-rnn/master/data/tinyshakespeare/input.txt",
        size: 1_115_394,
        sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed")
    ])

  private static let names = DataCatalog(
    name: "names", summary: "32,033 first names, one a line",
    licence: "MIT (the repository)",
    files: [
      File(
        name: "names.txt", url: karpathy + "makemore/master/names.txt", size: 228_145,
        sha256: "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d")
    ])

  private static let sst2 = DataCatalog(
    name: "sst2", summary: "sentences of film reviews, 6,920 + 872 + 1,821, two classes",
    licence: "none stated",
    files: [
      File(
        name: "train.tsv", url: clairett + "train.tsv", size: 720_259,
        sha256: "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920"),
      File(
        name: "dev.tsv", url: clairett + "dev.tsv", size: 92_057,
        sha256: "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359"),
      File(
        name: "test.tsv", url: clairett + "test.tsv", size: 188_749,
        sha256: "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7"),
    ])

  private static let agNews = DataCatalog(
    name: "ag-news", summary: "7,600 news articles, four classes",
    licence: "free for research and other non-commercial use",
    files: [
      File(
        name: "ag_news_test_7600.csv",
        url: "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/"
          + "test.csv",
        size: 1_857_427,
        sha256: "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699")
    ])

  private static let smsSpam = DataCatalog(
    name: "sms-spam", summary: "5,574 short messages, two classes",
    licence: "CC BY 4.0",
    files: [
      File(
        name: "SMSSpamCollection.tsv",
        url: "https://raw.githubusercontent.com/hamzaaacodes/sms-spam-collection/"
          + "f3e73e1e74e6330b62d1ee1983bba2a063184c26/SMSSpamCollection",
        size: 477_917,
        sha256: "fae7ea7d915ef73903e5c2f46ffa2f4a39909a574e20fda4f2b81f7cb1e15e1f")
    ])

  private static let multi30k = DataCatalog(
    name: "multi30k",
    summary: "descriptions of pictures in English, German and French, 29,000 + 1,014 + 1,000",
    licence: "none stated; free for research",
    files: [
      File(
        name: "train.en.gz", url: multi30kHome + "train.en.gz", size: 568_929,
        sha256: "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"),
      File(
        name: "train.de.gz", url: multi30kHome + "train.de.gz", size: 637_044,
        sha256: "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"),
      File(
        name: "train.fr.gz", url: multi30kHome + "train.fr.gz", size: 604_242,
        sha256: "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c"),
      File(
        name: "val.en.gz", url: multi30kHome + "val.en.gz", size: 21_650,
        sha256: "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"),
      File(
        name: "val.de.gz", url: multi30kHome + "val.de.gz", size: 24_681,
        sha256: "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"),
      File(
        name: "val.fr.gz", url: multi30kHome + "val.fr.gz", size: 23_001,
        sha256: "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9"),
      File(
        name: "test_2016_flickr.en.gz",
        url: multi30kHome + "test_2016_flickr.en.gz",
        size: 21_077,
        sha256: "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
      File(
        name: "test_2016_flickr.de.gz",
        url: multi30kHome + "test_2016_flickr.de.gz",
        size: 22_890,
        sha256: "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
      File(
        name: "test_2016_flickr.fr.gz",
        url: multi30kHome + "test_2016_flickr.fr.gz",
        size: 22_310,
        sha256: "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90"),
    ])
}
