// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct JSONTests {
  @Test func valuesKeepTheirOrderAndBits() throws {
    let text = #"{"b":1,"a":[true,null,-0.0,1e-07,"\u00e9\n\ud83d\ude00"],"c":{}}"#
    let value = try JSONValue(parsing: text)
    #expect(value.object?.keys == ["b", "a", "c"])
    #expect(try value.text() == "{\"b\":1,\"a\":[true,null,-0.0,1e-07,\"é\\n😀\"],\"c\":{}}")
    var random = Random(seed: 5)
    for _ in 0..<10_000 {
      let number = Double(bitPattern: random.next())
      guard number.isFinite else { continue }
      let back = try JSONValue(parsing: try JSONValue.number(number).text()).number
      #expect(back?.bitPattern == number.bitPattern)
    }
    #expect(try JSONValue(parsing: "9223372036854775807").integer == Int.max)
    #expect(try JSONValue(parsing: "9223372036854775808").number == 0x1p63)
  }

  @Test func prettyTextReadsBack() throws {
    let value: JSONValue = ["name": "x", "sizes": [1, 2], "inner": ["list": [["k": 0.5]]]]
    let text = try value.prettyText()
    #expect(try JSONValue(parsing: text) == value)
    #expect(text.hasPrefix("{\n  \"name\": \"x\",\n  \"sizes\": [1, 2],\n"))
  }

  @Test func mistakesNameLineAndColumn() {
    let cases: [(String, String)] = [
      ("{\n  \"a\": 1,\n}", "f, line 3, column 1: a key in quotes is expected"),
      ("[1 2]", "f, line 1, column 4: a comma or ] is expected"),
      ("", "f, line 1, column 1: the JSON ends where a value should be"),
      ("{\"a\":1,\"a\":2}", "f, line 1, column 8: the key 'a' occurs twice"),
      ("01", "f, line 1, column 2: something follows the JSON value"),
      ("\"\\ud800\"", "f, line 1, column 8: half a pair of \\u escapes"),
      ("1e999", "f, line 1, column 1: the number 1e999 is too large"),
      ("NaN", "f, line 1, column 1: 'N' can't start a JSON value"),
      ("\"a", "f, line 1, column 1: a string is never closed"),
      ("tru", "f, line 1, column 1: 'true' is expected here"),
    ]
    for (text, message) in cases {
      #expect(
        failure { _ = try JSONValue(parsing: text, file: "f") }
          == message + "; the text must be strict JSON.")
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(failure { _ = try JSONValue(parsing: deep) }.contains("more than 128 arrays"))
    #expect(failure { _ = try JSONValue(parsing: [0x22, 0xff, 0x22]) }.contains("not valid UTF-8"))
  }

  @Test func notANumberIsRefusedWithItsPlace() {
    let value: JSONValue = ["train": ["loss": .number(.nan)]]
    #expect(
      failure { _ = try value.text() }
        == "JSON, 'train.loss': the number nan cannot be written as JSON; "
        + "write null for a value that is not there.")
  }

  @Test func damagedTextNeverTraps() throws {
    let text = Array(
      #"{"event":"epoch","n":[1,-2.5e3,{"a":"\u00e9\\"}],"ok":true,"no":null}"#.utf8)
    var good = 0
    try mutations(of: text, count: 20_000, seed: 6) { bytes in
      guard let value = try? JSONValue(parsing: bytes) else { return }
      good += 1
      #expect((try? JSONValue(parsing: value.text())) == value)
    }
    #expect(good > 0)
  }
}
