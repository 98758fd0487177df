"""Uploaded pictures, which wait until a worker has made them and can be put back when removed; uploaded catalogues."""

import sqlalchemy as sa
from alembic import op

from shop.db import UtcDateTime

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

HAS_A_SOURCE = 'file_name IS NOT NULL OR source_url IS NOT NULL'
CHECKS = {
    'ck_images_has_a_source': f'{HAS_A_SOURCE} OR upload_key IS NOT NULL',
    'ck_images_upload_status': "upload_status IN ('waiting', 'failed', 'refused')",
    'ck_images_upload_is_whole': '(upload_key IS NULL) = (upload_status IS NULL)',
}
NUMBER = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    with op.batch_alter_table('images', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_images_has_a_source'), type_='check')
        batch_op.add_column(sa.Column('upload_key', sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column('upload_status', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('upload_error', sa.String(length=500), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('upload_attempts', NUMBER, nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('upload_due_at', UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column('upload_asked_at', UtcDateTime(), nullable=True))
        batch_op.create_unique_constraint(op.f('uq_images_upload_key'), ['upload_key'])
        batch_op.create_index('ix_images_upload_status', ['upload_status', 'upload_due_at'], unique=False)
        for name, condition in CHECKS.items():
            batch_op.create_check_constraint(op.f(name), condition)

    op.create_table('removed_images',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('product_id', NUMBER, nullable=False),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('folders', sa.JSON(), nullable=False),
    sa.Column('removed_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_removed_images_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_removed_images')),
    sa.UniqueConstraint('public_id', name=op.f('uq_removed_images_public_id'))
    )
    with op.batch_alter_table('removed_images', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_removed_images_product_id'), ['product_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_removed_images_removed_at'), ['removed_at'], unique=False)

    op.create_table('catalogue_files',
    sa.Column('id', NUMBER, nullable=False),
    sa.Column('public_id', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('sets_stock', sa.Boolean(), nullable=False),
    sa.Column('row_count', NUMBER, nullable=False),
    sa.Column('product_count', NUMBER, nullable=False),
    sa.Column('problems', sa.JSON(), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('user_id', NUMBER, nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_catalogue_files_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_catalogue_files')),
    sa.UniqueConstraint('public_id', name=op.f('uq_catalogue_files_public_id'))
    )
    with op.batch_alter_table('catalogue_files', schema=None) as batch_op:
        batch_op.create_index('ix_catalogue_files_created_at', ['created_at'], unique=False)


def downgrade() -> None:
    op.drop_table('catalogue_files')
    op.drop_table('removed_images')
    # A picture that was not made yet has no place in the tables of before.
    op.execute('DELETE FROM images WHERE file_name IS NULL AND source_url IS NULL')
    with op.batch_alter_table('images', schema=None) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(name), type_='check')
        batch_op.create_check_constraint(op.f('ck_images_has_a_source'), HAS_A_SOURCE)
        batch_op.drop_index('ix_images_upload_status')
        batch_op.drop_constraint(op.f('uq_images_upload_key'), type_='unique')
        for name in ('upload_asked_at', 'upload_due_at', 'upload_attempts', 'upload_error', 'upload_status', 'upload_key'):
            batch_op.drop_column(name)
