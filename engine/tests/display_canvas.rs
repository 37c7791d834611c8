//! Drawing operations to instructions, and the model that carries them out.
#![allow(clippy::unwrap_used)]

use fanlight_core::{Canvas, Color, Composite, Image, Layer, Point, Rect};
use fanlight_engine::display::WireCanvas;
use fanlight_engine::display::model::CanvasModel;

const RED: Color = Color { r: 255, g: 0, b: 0 };
const BLUE: Color = Color { r: 0, g: 0, b: 255 };

fn rect(x: i32, y: i32, width: u32, height: u32) -> Rect {
    Rect { x, y, width, height }
}

fn frame(draw: impl FnOnce(&mut WireCanvas)) -> String {
    let mut canvas = WireCanvas::new();
    assert!(canvas.is_empty());
    draw(&mut canvas);
    assert!(!canvas.is_empty());
    let frame = String::from_utf8(canvas.take_frame().to_vec()).unwrap();
    assert!(canvas.is_empty() && canvas.take_frame().is_empty());
    frame
}

#[test]
fn operations_become_instructions() {
    let text = frame(|canvas| {
        canvas.size(Layer::DEFAULT, 20, 10);
        canvas.copy(Layer(-1), rect(1, 2, 3, 4), Layer(0), Point { x: 5, y: 6 }, Composite::Over);
        canvas.cursor(Point { x: 3, y: 8 }, Layer(-2), rect(0, 0, 7, 16));
        canvas.dispose(Layer(2));
    });
    assert_eq!(
        text,
        "4.size,1.0,2.20,2.10;4.copy,2.-1,1.1,1.2,1.3,1.4,2.14,1.0,1.5,1.6;\
         6.cursor,1.3,1.8,2.-2,1.0,1.0,1.7,2.16;7.dispose,1.2;"
    );
}

#[test]
fn fills_of_one_colour_share_a_path() {
    let text = frame(|canvas| {
        canvas.fill(Layer(0), rect(0, 0, 1, 1), RED);
        canvas.fill(Layer(0), rect(2, 0, 1, 1), RED);
        canvas.fill(Layer(0), rect(4, 0, 1, 1), BLUE);
        canvas.size(Layer(1), 1, 1);
    });
    assert_eq!(
        text,
        "4.rect,1.0,1.0,1.0,1.1,1.1;4.rect,1.0,1.2,1.0,1.1,1.1;5.cfill,2.14,1.0,3.255,1.0,1.0,3.255;\
         4.rect,1.0,1.4,1.0,1.1,1.1;5.cfill,2.14,1.0,1.0,1.0,3.255,3.255;4.size,1.1,1.1,1.1;"
    );
}

#[test]
fn images_arrive_pixel_for_pixel_in_blobs_of_bounded_size() {
    let (width, height) = (300, 200);
    let mut seed = 7_u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let rgba: Vec<u8> =
        (0..width * height).flat_map(|_| [noise(), noise(), noise(), 255]).collect();
    let text = frame(|canvas| {
        canvas.size(Layer::DEFAULT, width, height);
        canvas.image(Layer::DEFAULT, Point::default(), Image { width, height, rgba: &rgba });
    });
    let longest = text.split(';').map(str::len).max().unwrap();
    assert!(longest < 11_000, "{longest}");
    let mut model = CanvasModel::new();
    let applied = model.apply(text.as_bytes()).unwrap();
    assert!(applied.opcodes["blob"] > 10);
    assert!(model.pixels() == rgba);
}

#[test]
fn the_model_copies_overlapping_rows_and_grows_buffers() {
    let text = frame(|canvas| {
        canvas.size(Layer::DEFAULT, 1, 4);
        canvas.fill(Layer(0), rect(0, 0, 1, 4), RED);
        canvas.fill(Layer(-1), rect(2, 2, 1, 1), BLUE);
        canvas.copy(Layer(-1), rect(2, 2, 1, 1), Layer(0), Point { x: 0, y: 0 }, Composite::Over);
        canvas.copy(Layer(0), rect(0, 0, 1, 3), Layer(0), Point { x: 0, y: 1 }, Composite::Over);
        canvas.copy(Layer(-1), rect(0, 0, 1, 1), Layer(0), Point { x: 0, y: 0 }, Composite::Over);
    });
    let mut model = CanvasModel::new();
    model.apply(text.as_bytes()).unwrap();
    let rows: Vec<_> = model.pixels().chunks(4).map(|p| (p[0], p[2])).collect();
    assert_eq!(rows, [(0, 255), (0, 255), (255, 0), (255, 0)]);
}

#[test]
fn the_model_lays_children_over_the_default_layer() {
    let mut model = CanvasModel::new();
    let applied = model
        .apply(
            b"4.size,1.0,1.2,1.1;4.rect,1.0,1.0,1.0,1.2,1.1;5.cfill,2.14,1.0,1.0,1.0,3.255,3.255;\
              4.size,1.1,1.1,1.1;4.move,1.1,1.0,1.1,1.0,1.0;4.rect,1.1,1.0,1.0,1.1,1.1;\
              5.cfill,2.14,1.1,3.255,1.0,1.0,3.255;4.sync,4.1234,1.1;4.name,5.h\xc3\xa4\xe4\xb8\xad\xf0\x9f\x98\x80x;",
        )
        .unwrap();
    assert_eq!((applied.syncs, applied.names), (vec![1234], vec!["hä中😀x".to_owned()]));
    assert_eq!(model.pixels(), [0, 0, 255, 255, 0, 0, 255, 255]);
    assert_eq!(model.composited(), [0, 0, 255, 255, 255, 0, 0, 255]);
}

#[test]
fn the_model_refuses_nonsense() {
    for bad in [
        &b"4.size"[..],
        b"5.size,1.0;",
        b"4.size,1.0,1.1,6.100000;",
        b"x.sync;",
        b"4.size,1.0,1.x,1.1;",
        b"3.img,1.1,2.14,1.0,10.image/jpeg,1.0,1.0;3.end,1.1;",
        b"4.copy,1.0,1.0,1.0,1.1,1.1,1.3,1.0,1.0,1.0;",
    ] {
        assert!(CanvasModel::new().apply(bad).is_err(), "{}", String::from_utf8_lossy(bad));
    }
}
