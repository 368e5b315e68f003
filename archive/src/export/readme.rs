//! `README.txt`: what the bag is, in words that need no other.

use super::write::{About, Content};

/// The text, in Chinese and English.
pub(super) fn write(about: &About, content: &Content) -> String {
    let About { school, purpose, approved_by, id, date, .. } = about;
    let Content { objects, dossiers, left_out, seal, .. } = content;
    let missing = if left_out.is_empty() {
        String::new()
    } else {
        let names: String = left_out.iter().map(|object| format!("  {object}\n")).collect();
        format!(
            "\n未导出的对象（已损坏或无法读取，请先修复）\nObjects left out (damaged or unreadable; mend them first)\n{names}"
        )
    };
    format!(
        "学藏导出包  An export of Xuecang\n\
         ================================\n\n\
         学校 School: {school}\n\
         日期 Date: {date}\n\
         编号 Identifier: urn:uuid:{id}\n\
         用途 Purpose: {purpose}\n\
         批准人 Approved by: {approved_by}\n\
         对象 Objects: {objects}，其中学生档案 dossiers among them: {dossiers}\n\
         印记 Seal: {seal}\n\
         {missing}\n{WORDS}"
    )
}

const WORDS: &str = "\
一、这是什么
本文件夹是一个 BagIt 1.0 包（RFC 8493）。包内含学生的个人信息，请按上述用途使用并妥善保管。
data/objects/UUID/     每份档案一个 OCFL 1.1 对象，含全部版本，与原库逐字节相同
data/index.csv         人员名单（UTF-8,RFC 4180）。用表格软件打开时，请把号码列设为文本
data/viewer/index.html 用浏览器直接打开，可检索、看照片和证书；不联网，不需安装
data/verify.py         列出与核对本包的脚本
objects 是原件；其余均由它导出，仅供查阅。以 = + - @ 开头的单元格前加了撇号。

二、不用学藏也能核对
  python3 data/verify.py verify     逐字节核对全部清单与对象，报出每一处差异
  python3 data/verify.py list       列出全部档案
  sha256sum --quiet -c manifest-sha256.txt     或任何 BagIt 工具
每个 data/objects/UUID 也可用任何 OCFL 工具单独检验。
对象内 inventory.json 写明各版本的文件及其 SHA-512；dossier.json 是档案正文，photos/ 是照片原件，
premis.json 是保存过程记录。
印记是各行“对象编号 空格 其 inventory.json 的 SHA-512 换行”按编号排序后的 SHA-256；原库账本的导出记录中有同一印记。

三、收回学藏
  xuecang archive admit 本文件夹     已有的跳过，不同的列出并拒收

1. What this is
This folder is one BagIt 1.0 bag (RFC 8493). It holds personal data: use it for the purpose above and keep it safe.
data/objects/UUID/     one OCFL 1.1 object per dossier, every version, byte for byte as in the archive
data/index.csv         who is in it (UTF-8, RFC 4180). In a spreadsheet, read the columns of numbers as text
data/viewer/index.html open it in a browser: search, photos, diplomas; no network, nothing to install
data/verify.py         lists and verifies this bag
The objects are the originals; all else is derived from them. Cells that begin with = + - @ have an apostrophe before.

2. Checking it without Xuecang
  python3 data/verify.py verify     reads every byte, checks manifests and objects, names every difference
  python3 data/verify.py list       lists every dossier
  sha256sum --quiet -c manifest-sha256.txt     or any BagIt tool
Every data/objects/UUID can be judged by any OCFL tool on its own.
In an object, inventory.json names the files of every version with their SHA-512; dossier.json is the dossier,
photos/ holds the photos as they came, premis.json tells what was done to keep them.
The seal is the SHA-256 of the lines \"object id, blank, SHA-512 of its inventory.json, line end\" in the order of the
ids; the record of this export in the archive's ledger holds the same seal.

3. Taking it back
  xuecang archive admit THIS_FOLDER     what is there already is passed over, what differs is named and refused
";
