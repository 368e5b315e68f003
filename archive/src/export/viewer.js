'use strict';
(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const page = document.getElementById('page');
  const SHOWN = 200;
  const KINDS = {
    admission: '录取照片 Admission photo',
    enrolment: '学籍照片 Enrolment photo',
    graduation: '学历照片 Graduation photo',
    original: '原始照片 Original photo',
    id_card: '身份证照片 ID card photo',
  };

  // An element with attributes and children; text stays text.
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  // One spelling: full width as half width, capitals as small letters, every middle dot as one.
  function fold(text) {
    return text.normalize('NFKC').toLowerCase().replace(/[·•‧∙⋅・･᛫]/gu, '·');
  }

  function words(person) {
    if (person.words === undefined) {
      person.words = fold([
        person.name, ...person.former_names, person.student_number, person.candidate_number, person.class,
        person.major, person.college, ...person.diplomas.map((diploma) => diploma.number),
      ].join('\n'));
    }
    return person.words;
  }

  function found(query) {
    const wanted = fold(query).split(/\s+/u).filter((word) => word !== '');
    return data.people.filter((person) => wanted.every((word) => words(person).includes(word)));
  }

  function heading() {
    return [
      make('h1', {}, data.school + ' · 学藏导出 Xuecang export'),
      make('p', { class: 'faint' }, data.made + ' · 用途 Purpose: ' + data.purpose),
    ];
  }

  function row(person) {
    const link = make('a', { href: '#' + person.person }, person.name);
    const cells = [link, person.student_number, person.class, person.major, person.college];
    return make('tr', {}, ...cells.map((cell) => make('td', {}, cell)));
  }

  let query = '';

  function list() {
    const input = make('input', { id: 'query', type: 'search', autocomplete: 'off' });
    const count = make('p', { class: 'faint', role: 'status' });
    const body = make('tbody');
    const head = ['姓名 Name', '学号 Student number', '班级 Class', '专业 Major', '学院 College'];
    function fill() {
      query = input.value;
      const hits = found(query);
      const more = hits.length > SHOWN ? ' · 仅显示前 ' + SHOWN + ' 人 the first ' + SHOWN + ' are shown' : '';
      count.textContent = hits.length + ' / ' + data.people.length + ' 人 people' + more;
      body.replaceChildren(...hits.slice(0, SHOWN).map(row));
    }
    input.value = query;
    input.addEventListener('input', fill);
    page.replaceChildren(
      ...heading(),
      make('label', { for: 'query' }, '姓名、学号、考生号、班级、专业、证书编号 Name, number, class, major, certificate'),
      input, count,
      make('table', {}, make('thead', {}, make('tr', {}, ...head.map((text) => make('th', { scope: 'col' }, text)))), body),
    );
    fill();
    input.focus();
  }

  function facts(pairs) {
    const terms = pairs.filter(([, value]) => value).flatMap(([term, value]) => [make('dt', {}, term), make('dd', {}, value)]);
    return make('dl', {}, ...terms);
  }

  function figure(photo) {
    const source = '../' + photo.path.split('/').map(encodeURIComponent).join('/');
    const title = (KINDS[photo.kind] || photo.kind) + (photo.current ? '' : ' · 已被替换 replaced');
    return make('figure', { class: photo.current ? 'now' : 'old' },
      make('img', { src: source, alt: title, loading: 'lazy' }),
      make('figcaption', {}, title, make('br'), photo.width + ' × ' + photo.height + ' · ' + photo.kept.slice(0, 10),
        make('br'), make('a', { href: source }, '打开文件 Open the file')));
  }

  function diploma(entry) {
    return facts([
      ['证书编号 Number', entry.number], ['姓名 Name', entry.name], ['类别 Outcome', entry.outcome],
      ['专业 Major', entry.major], ['层次 Level', entry.level], ['毕业日期 Graduated', entry.graduation_date],
      ['发证日期 Issued', entry.issued], ['校（院）长 President', entry.president],
    ]);
  }

  function dossier(person) {
    const photos = person.photos.slice().sort((one, other) => Number(other.current) - Number(one.current));
    page.replaceChildren(
      make('nav', {}, make('a', { href: '#' }, '返回名单 Back to the list')),
      make('h1', {}, person.name),
      facts([
        ['曾用名 Former names', person.former_names.join('、')], ['性别 Sex', person.sex],
        ['学号 Student number', person.student_number], ['考生号 Candidate number', person.candidate_number],
        ['学院 College', person.college], ['专业 Major', person.major], ['班级 Class', person.class],
        ['层次 Level', person.level], ['入学日期 Entered', person.entry_date],
        ['预计毕业 Expected graduation', person.graduation_date],
      ]),
      make('h2', {}, '照片 Photos'),
      photos.length ? make('div', { class: 'photos' }, ...photos.map(figure)) : make('p', {}, '没有照片。 There is no photo.'),
      make('h2', {}, '证书 Diplomas'),
      ...(person.diplomas.length ? person.diplomas.map(diploma) : [make('p', {}, '没有证书记录。 There is no entry.')]),
      make('p', { class: 'faint' }, '档案文件 Files: data/objects/' + person.object + ' · ' + person.versions + ' 个版本 versions'),
    );
    window.scrollTo(0, 0);
  }

  function route() {
    const id = location.hash.slice(1);
    const person = id && data.people.find((one) => one.person === id);
    if (person) dossier(person); else list();
  }

  window.addEventListener('hashchange', route);
  route();
})();
